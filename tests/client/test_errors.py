"""Errors of the API in the client: each code a class, and what the engine keeps apart kept apart."""

from __future__ import annotations

from typing import get_args

import httpx
import msgspec
import pytest

from mastery_engine.api.models import STATUS, Code
from mastery_engine.client import AsyncClient, EventsRefused, Retries, calls
from mastery_engine.client.errors import ERRORS, REASONS, UnexpectedAnswer, error_of
from mastery_engine.domain import errors as tree
from mastery_engine.domain.errors import HistoryNotKept, InvalidInput, MasteryError, NotEnoughDays
from tests.api.school import DAY_MS, NOW, School, StillClock, quiz

SERVER = "http://school.example"


def told(code: str) -> MasteryError:
    body = msgspec.json.encode({"error": {"code": code, "message": "no", "details": []}})
    return error_of(SERVER, STATUS.get(code, 418), {"x-request-id": "r-1"}, body)


@pytest.mark.parametrize("code", get_args(Code))
def test_each_code_of_the_api_has_a_class_of_its_own_with_that_code(code: str) -> None:
    error = told(code)
    assert type(error) is ERRORS[code]
    assert error.code == code
    assert "no" in error.message


def test_no_class_is_of_a_code_that_the_api_has_not() -> None:
    assert ERRORS.keys() == set(get_args(Code))
    assert len(set(ERRORS.values())) == len(ERRORS)


def test_a_code_of_a_later_release_is_told_with_its_words_and_request() -> None:
    error = told("TEAPOT")
    assert type(error) is UnexpectedAnswer
    assert "TEAPOT: no (request r-1)" in error.message


def test_each_kind_of_invalid_input_of_the_engine_is_one_of_the_client() -> None:
    kinds = {
        kind for kind in vars(tree).values() if isinstance(kind, type) and issubclass(kind, InvalidInput)
    }
    assert set(REASONS.values()) == kinds - {InvalidInput}


@pytest.fixture
def client(school: School) -> AsyncClient:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(school.app))
    return AsyncClient(
        "http://school", lambda: school.token("head", "admin"), retries=Retries(most=0), http=http
    )


async def test_too_few_days_are_told_apart_from_what_was_asked_wrongly(
    school: School, client: AsyncClient
) -> None:
    await school.teach("amal")
    with pytest.raises(NotEnoughDays, match="at least 3 are needed") as caught:
        await client.send(calls.forecast("amal"))
    assert (caught.value.problems, caught.value.reason) == ((), "not_enough_days")
    with pytest.raises(InvalidInput) as other:
        await client.send(calls.trajectory("amal", days=1))
    assert type(other.value) is InvalidInput
    assert other.value.problems[0].field == "days"


async def test_a_day_that_is_kept_no_more_is_told_as_such(school: School, client: AsyncClient) -> None:
    await school.teach("amal")
    clock = school.engine.adapters.clock
    assert isinstance(clock, StillClock)
    for _ in range(2):
        clock.ms += 60 * DAY_MS
        await school.teach("amal", quiz(timestamp=clock.ms))
    with pytest.raises(HistoryNotKept, match="the first day whose history is kept") as caught:
        await client.send(calls.profile("amal", date=NOW.date()))
    assert (caught.value.reason, caught.value.problems[0].field) == ("history_not_kept", "as_of")


async def test_of_events_that_are_all_refused_each_is_told_with_its_place(client: AsyncClient) -> None:
    with pytest.raises(EventsRefused) as caught:
        await client.send(calls.ingest([quiz(time_spent=-1), quiz(quiz_id="")]))
    assert [(one.index, one.field) for one in caught.value.details] == [(0, "time_spent"), (1, "quiz_id")]
