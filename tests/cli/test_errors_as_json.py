"""Errors with `--json`: one JSON object on standard error, whatever went wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer

from tests.cli.conftest import Mastery, Outcome


def error_of(done: Outcome) -> dict[str, Any]:
    assert done.out == ""
    return json.loads(done.err)["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("show --json", "Missing argument"),
        ("show ada --json --nothing", "No such option"),
        ("shwo --json", "No such command 'shwo'"),
        ("show ada --json --as-of soon", "'soon' is no day"),
        ("token revoke --json", "give one of the two"),
    ],
)
def test_wrong_usage_is_told_as_json_and_else_as_text_with_the_same_exit_code(
    mastery: Mastery, arguments: str, said: str
) -> None:
    done = mastery(*arguments.split())
    error = error_of(done)
    assert (done.code, error["code"], error["details"]) == (2, "VALIDATION_ERROR", [])
    assert said in error["message"]
    plain = mastery(*arguments.replace(" --json", "").split())
    assert plain.code == 2
    assert plain.err.startswith("Usage: mastery")


def test_wrong_settings_have_a_code_of_their_own(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTERY_BATCH_SIZE", "0")
    done = mastery("tenant", "list", "--json")
    assert (done.code, error_of(done)["code"]) == (1, "CONFIGURATION_ERROR")


def test_a_question_that_is_not_answered_and_an_interruption_are_told_as_json(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(kind: type[BaseException]) -> int:
        def end() -> None:
            raise kind

        monkeypatch.setattr("mastery_engine.config.load_settings", end)
        done = mastery("tenant", "list", "--json")
        assert error_of(done)["code"] == "INTERRUPTED"
        return done.code

    assert ends(typer.Abort) == 1
    assert ends(KeyboardInterrupt) == 130


def test_exit_codes_and_help_are_the_same_with_json(mastery: Mastery) -> None:
    assert mastery("show", "nobody", "--json").code == 4
    assert mastery("tenant", "list", "--json").code == 0
    assert mastery("tenant", "list", "--json", "--help").out == mastery("tenant", "list", "--help").out
