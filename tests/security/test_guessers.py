"""Who sends token after token that does not hold is not looked at for a while; those beside them go on."""

from __future__ import annotations

import pytest

from mastery_engine.api.guessers import Guessers, network_of
from mastery_engine.domain.errors import NotAuthenticated
from tests.api.school import School, StillClock
from tests.api.test_limits import pass_time, school_with

OTHER_SECRET = "of somebody else, and of more than 32 bytes too"


async def guess(school: School, number: int = 0) -> int:
    token = school.token(f"amal{number}", "student", secret=OTHER_SECRET)
    headers = {"Authorization": f"Bearer {token}"}
    return (await school.post("query", {"student_id": "amal"}, headers)).status_code


async def test_too_many_tokens_that_do_not_hold_are_refused_unread() -> None:
    async with school_with(most_failed_tokens=3) as school:
        assert [await guess(school, number) for number in range(5)] == [401, 401, 401, 429, 429]
        headers = school.bearer("amal", "student")
        refused = await school.post("query", {"student_id": "amal"}, headers)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        await pass_time(school, 60)
        assert (await school.post("query", {"student_id": "amal"}, headers)).status_code == 404


async def test_who_was_known_before_goes_on_behind_the_same_address() -> None:
    async with school_with(most_failed_tokens=2) as school:
        bearer = school.bearer("bo", "student")
        assert (await school.post("query", {"student_id": "bo"}, bearer)).status_code == 404
        assert [await guess(school, number) for number in range(3)] == [401, 401, 429]
        assert (await school.post("query", {"student_id": "bo"}, bearer)).status_code == 404


async def test_a_token_in_the_body_of_process_counts_too() -> None:
    async with school_with(most_failed_tokens=1) as school:
        context = {"token": school.token("amal", "student", secret=OTHER_SECRET)}
        asked = {"intent": "query_mastery", "payload": {"student_id": "amal"}, "security_context": context}
        told = [(await school.http.post("/process", json=asked)).status_code for _ in range(2)]
        assert told == [401, 429]


async def test_a_request_without_a_token_is_no_guess() -> None:
    async with school_with(most_failed_tokens=1) as school:
        told = [(await school.post("query", {"student_id": "amal"})).status_code for _ in range(3)]
        assert told == [401, 401, 401]


class From:
    """A request from an address."""

    def __init__(self, host: str | None) -> None:
        self.client = None if host is None else type("Client", (), {"host": host})


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_of_an_address_the_part_counts_that_its_owner_does_not_choose(host: str | None, network: str) -> None:
    assert network_of(From(host)) == network  # type: ignore[arg-type]


def test_what_is_remembered_of_addresses_and_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mastery_engine.api.guessers.MOST_KNOWN", 10)
    monkeypatch.setattr("mastery_engine.api.guessers.MOST_ADDRESSES", 10)
    guessers = Guessers(StillClock(), 2)
    for number in range(50):
        with guessers.watched(From(f"10.0.0.{number}"), f"good {number}"):  # type: ignore[arg-type]
            pass
        with pytest.raises(NotAuthenticated):  # noqa: SIM117 - one is within the other
            with guessers.watched(From(f"10.0.0.{number}"), f"bad {number}"):  # type: ignore[arg-type]
                raise NotAuthenticated("it does not hold")
    assert (len(guessers._held), len(guessers._failures)) == (10, 10)
