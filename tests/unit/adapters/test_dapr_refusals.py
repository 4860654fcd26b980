"""What the words of a failed save tell, and what they leave open."""

from collections.abc import Callable

import pytest

from mastery_engine.adapters.dapr.refusals import is_plain, refused_keys

SHA = "d908b9553add63a82e03589b5c6d01a7654ef0f2"
HEAD = "failed saving state in state store statestore: "
MISMATCH = "possible etag mismatch. error from state store: "
KEYS = ["student:ann:profile", "student:bob:profile", "student:ann"]


def of_redis_7(key: str) -> str:
    return f"{MISMATCH}ERR user_script:14: failed to set key {key} script: {SHA}, on @user_script:14."


def of_redis_6(key: str) -> str:
    where = "@user_script:14: user_script:14:"
    return f"{MISMATCH}ERR Error running script (call to f_{SHA}): {where} failed to set key {key}"


def of_a_delete(key: str) -> str:
    return f"{MISMATCH}ERR user_script:7: failed to delete {key} script: {SHA}, on @user_script:7."


@pytest.mark.parametrize("line", [of_redis_7, of_redis_6, of_a_delete])
@pytest.mark.parametrize("refused", [KEYS[:1], KEYS[1:], KEYS])
def test_each_line_names_a_key(line: Callable[[str], str], refused: list[str]) -> None:
    details = HEAD + MISMATCH + "\n".join(line(key) for key in refused)
    assert refused_keys(details, KEYS) == frozenset(refused)


def test_a_component_may_put_the_name_of_the_application_before_a_key() -> None:
    assert refused_keys(HEAD + of_redis_7(f"engine||{KEYS[1]}"), KEYS) == {KEYS[1]}


def test_a_save_of_one_key_needs_no_name() -> None:
    assert refused_keys(HEAD + of_redis_7("line break"), ["line\nbreak"]) == {"line\nbreak"}


@pytest.mark.parametrize(
    "details",
    [
        "",
        HEAD + MISMATCH,
        HEAD + MISMATCH + "dial tcp 127.0.0.1:6379: connect: connection refused",
        HEAD + MISMATCH + "OOM command not allowed when used memory > 'maxmemory'.",
        HEAD + of_redis_7(KEYS[0]) + "\n" + MISMATCH + "i/o timeout",
        HEAD + of_redis_7(KEYS[0]) + f"\nfailed to set key {KEYS[1]} ttl: i/o timeout",
        HEAD + of_redis_7("a key of somebody else"),
        HEAD + of_redis_7(KEYS[0]) + "\n",
        HEAD + of_redis_7(KEYS[0]).replace("user_script", "function"),
        f"{HEAD}failed to set key {KEYS[0]}",
    ],
)
def test_what_is_told_in_other_words_leaves_everything_open(details: str) -> None:
    assert refused_keys(details, KEYS) is None


@pytest.mark.parametrize("key", ["student:ann", "school:x:student:a_b-C", "a" * 500, "!{}~'\"%"])
def test_plain_keys_stand_in_a_message_as_they_are(key: str) -> None:
    assert is_plain(key)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "größe", "a||b", "\x7f", "a\n"])
def test_others_do_not(key: str) -> None:
    assert not is_plain(key)
