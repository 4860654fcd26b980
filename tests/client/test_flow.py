"""How a call is carried through, without a network: what is sent again, what is waited for, and what is raised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from mastery_engine.client import calls
from mastery_engine.client.call import Call, Reply, enveloped
from mastery_engine.client.errors import RateLimited, UnexpectedAnswer
from mastery_engine.client.flow import Answer, Ask, Broken, Pause, Retries, Told, Way, carry
from mastery_engine.domain.errors import Conflict, DependencyDown, InvalidInput, MasteryError, NotFound

SERVER = "http://school.example"
GOOD = Answer(200, {}, b'{"success": true, "data": 7, "meta": {}}')
SEVEN: Call[int] = Call("POST", "/seven", enveloped(int))
ONCE: Call[int] = Call("POST", "/seven", enveloped(int), repeatable=False)


def refused(status: int, code: str, **headers: str) -> Answer:
    body: dict[str, object] = {"success": False, "error": {"code": code, "message": "no"}, "meta": {}}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, told, msgspec.json.encode(body))


def run(
    call: Call[int], told: Sequence[Told], retries: Retries | None = None
) -> tuple[Reply[int], list[float]]:
    """The reply and the pauses, when these come back one after the other."""
    flow = carry(Way(SERVER, retries or Retries(), lambda: 0.5), call)
    coming, pauses = iter(told), list[float]()
    answer: Told = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as ended:
            assert next(coming, None) is None, "all that came back was asked for"
            return ended.value, pauses
        if isinstance(step, Ask):
            answer = next(coming)
        else:
            assert isinstance(step, Pause)
            pauses.append(step.seconds)
            answer = None


def test_a_good_answer_is_decoded() -> None:
    reply, pauses = run(SEVEN, [GOOD])
    assert (reply.data, pauses) == (7, [])


def test_who_comes_too_often_waits_as_long_as_the_service_asks() -> None:
    reply, pauses = run(SEVEN, [refused(429, "RATE_LIMITED", retry_after="3"), GOOD])
    assert (reply.data, pauses) == (7, [3.0])


def test_a_longer_wait_than_wanted_is_raised_with_its_seconds() -> None:
    with pytest.raises(RateLimited) as caught:
        run(SEVEN, [refused(429, "RATE_LIMITED", retry_after="31")])
    assert caught.value.retry_after == 31.0


def test_pauses_without_a_word_of_the_service_grow_and_are_drawn() -> None:
    _, pauses = run(SEVEN, [Broken("a"), Broken("b"), refused(503, "SERVICE_UNAVAILABLE"), GOOD])
    assert pauses == [0.125, 0.25, 0.5]


@pytest.mark.parametrize("told", [Broken("ReadError"), refused(503, "SERVICE_UNAVAILABLE", retry_after="1")])
def test_what_must_not_be_sent_twice_is_not_sent_again_after_a_lost_answer(told: Told) -> None:
    with pytest.raises(DependencyDown):
        run(ONCE, [told])


def test_what_was_refused_for_its_number_may_always_be_sent_again() -> None:
    assert run(ONCE, [refused(429, "RATE_LIMITED", retry_after="1"), GOOD])[0].data == 7


def test_tries_end() -> None:
    with pytest.raises(DependencyDown, match=r"school\.example does not answer: ReadError"):
        run(SEVEN, [Broken("ReadError")] * 3, Retries(most=2))


def test_tries_end_before_all_pauses_together_take_longer_than_wanted() -> None:
    retries = Retries(most=9, longest_total_seconds=4.0)
    slow = refused(429, "RATE_LIMITED", retry_after="2")
    assert run(SEVEN, [slow, slow, GOOD], retries)[1] == [2.0, 2.0]
    with pytest.raises(RateLimited):
        run(SEVEN, [slow, slow, Broken("ReadError"), slow], Retries(most=9, longest_total_seconds=5.0))
    with pytest.raises(DependencyDown):
        run(SEVEN, [slow, slow, Broken("ReadError")], retries)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(404, "NOT_FOUND"), NotFound),
        (refused(409, "CONFLICT"), Conflict),
        (refused(400, "VALIDATION_ERROR"), InvalidInput),
        (refused(500, "INTERNAL_ERROR"), UnexpectedAnswer),
        (Answer(404, {}, b"<html>"), UnexpectedAnswer),
        (Answer(301, {"location": "elsewhere"}, b""), UnexpectedAnswer),
        (Answer(200, {}, b'{"data": "eight"}'), UnexpectedAnswer),
    ],
)
def test_each_refusal_is_raised_as_what_the_service_raised_and_sent_once(
    answer: Answer, kind: type[MasteryError]
) -> None:
    with pytest.raises(kind):
        run(SEVEN, [answer])


def test_every_broken_rule_is_told() -> None:
    details = [{"field": "days", "value": "99", "rule": "must be at most 90"}]
    body = {"error": {"code": "VALIDATION_ERROR", "message": "no", "details": details}}
    with pytest.raises(InvalidInput, match="days = 99: must be at most 90") as caught:
        run(SEVEN, [Answer(400, {}, msgspec.json.encode(body))])
    assert caught.value.problems[0].field == "days"


@pytest.mark.parametrize("said", ["soon", "-1", "1e3", ""])
def test_a_wait_that_is_no_number_is_drawn(said: str) -> None:
    assert run(SEVEN, [refused(429, "RATE_LIMITED", retry_after=said), GOOD])[1] == [0.125]


def test_while_the_try_before_is_under_way_its_answer_is_waited_for() -> None:
    assert run(SEVEN, [Broken("ReadTimeout"), refused(409, "CONFLICT", retry_after="1"), GOOD])[1] == [
        0.125,
        1.0,
    ]


def test_a_wait_may_be_told_as_a_date_which_is_set_against_the_services_own() -> None:
    times = {"date": "Mon, 02 Mar 2026 10:00:00 GMT", "retry_after": "Mon, 02 Mar 2026 10:00:07 GMT"}
    assert run(SEVEN, [refused(503, "SERVICE_UNAVAILABLE", **times), GOOD])[1] == [7.0]
    past = times | {"retry_after": "Mon, 02 Mar 2026 09:00:00 GMT"}
    assert run(SEVEN, [refused(429, "RATE_LIMITED", **past), GOOD])[1] == [0.0]


def test_a_date_without_the_services_own_or_of_another_kind_is_drawn() -> None:
    when = "Mon, 02 Mar 2026 10:00:07 GMT"
    assert run(SEVEN, [refused(503, "SERVICE_UNAVAILABLE", retry_after=when), GOOD])[1] == [0.125]
    mixed = {"date": "Mon, 02 Mar 2026 10:00:00 -0000", "retry_after": when}
    assert run(SEVEN, [refused(503, "SERVICE_UNAVAILABLE", **mixed), GOOD])[1] == [0.125]


@pytest.mark.parametrize(
    "call", [calls.profile("amal"), calls.cohorts(), calls.ingest([]), calls.erase("amal")]
)
def test_what_may_be_done_twice_or_has_a_key_is_sent_again(call: Call[Any]) -> None:
    assert call.repeatable
    assert ("Idempotency-Key" in call.headers) is call.path.endswith("/ingest")


@pytest.mark.parametrize(
    "call",
    [
        calls.batch(["amal"]),
        calls.replay(),
        calls.delete_cohort("7a"),
        calls.discard_letter("x", "y"),
        calls.lift_erasure("x"),
    ],
)
def test_what_does_another_thing_the_second_time_is_not_sent_again(call: Call[Any]) -> None:
    assert not call.repeatable
