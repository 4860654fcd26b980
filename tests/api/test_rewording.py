"""Reasons in the words of a language model, over HTTP: what leaves, what comes back, and what is served when nothing does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from mastery_engine.contracts import keys
from tests.api.school import School, open_school, quiz
from tests.llm_endpoint import Answer, Endpoint, completion, endpoint, friendly

ADAPTIVE = "recommendations/adaptive"
ASKED = {"student_id": "amal"}
KEY = "key-that-no-log-tells"


@pytest.fixture
def served() -> Iterator[Endpoint]:
    with endpoint() as opened:
        yield opened


@asynccontextmanager
async def school_with(served: Endpoint, **more: object) -> AsyncGenerator[School]:
    given: Mapping[str, object] = {
        "rewording_url": served.url,
        "rewording_model": "small",
        "rewording_api_key": KEY,
        "rewording_seconds": 5.0,
        **more,
    }
    async with open_school(given=given) as school:
        await school.teach("amal", quiz(correct_answers=3, course_id="algebra"))
        yield school


async def asked(school: School, **more: object) -> dict[str, Any]:
    answer = await school.ask(ADAPTIVE, ASKED | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def bare(data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without words, and without what tells whose they are."""
    kept = {name: value for name, value in data.items() if name != "reworded"}
    return kept | {"recommendations": [one | {"reason": ""} for one in data["recommendations"]]}


async def test_by_default_nothing_is_reworded_and_nothing_tells_of_it(school: School) -> None:
    await school.teach("amal", quiz(correct_answers=3))
    assert "reworded" not in await asked(school)


async def test_an_answer_tells_which_of_its_reasons_are_a_models_and_all_else_is_as_it_was(
    school: School, served: Endpoint
) -> None:
    await school.teach("amal", quiz(correct_answers=3, course_id="algebra"))
    plain = await asked(school)
    async with school_with(served) as other:
        data = await asked(other)
    assert data["reworded"] == [one["area"] for one in plain["recommendations"]]
    assert [one["reason"] for one in data["recommendations"]] == [
        friendly(one["reason"]) for one in plain["recommendations"]
    ]
    assert bare(data) == bare(plain)


async def test_nothing_but_sentences_of_ours_leaves(served: Endpoint) -> None:
    async with school_with(served) as school:
        headers = {"X-Request-ID": "request-of-the-head"}
        answer = await school.ask(ADAPTIVE, ASKED | {"course_id": "algebra"}, headers=headers)
        reasons = {one["reason"] for one in answer.json()["data"]["recommendations"]}
    assert {friendly(one.sentence) for one in served.asked} == reasons
    for one in served.asked:
        told = one.raw + repr(one.headers).encode() + one.path.encode()
        for name in (
            b"amal",
            b"algebra",
            b'head"',
            b"head'",
            b"request-of",
            b"loops",
            b"quiz-agent",
            b"default",
        ):
            assert name not in told.lower()


async def test_lies_are_not_served(served: Endpoint) -> None:
    served.says(lambda sentence: friendly(sentence).replace("70", "50"))
    async with school_with(served) as school:
        data = await asked(school)
    assert served.asked
    assert "reworded" not in data
    assert all("70 %" in one["reason"] for one in data["recommendations"])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(302, headers=(("Location", "/v1/chat/completions"),)),
        Answer(body=b"x" * 100_000),
        Answer(body=b"{"),
        Answer(waits=True),
    ],
)
async def test_an_endpoint_that_fails_costs_no_answer_and_readiness_nothing(
    served: Endpoint, answer: Answer
) -> None:
    served.answer = lambda _: answer
    async with school_with(served, rewording_seconds=0.5) as school:
        before = (await school.http.get("/ready")).json()["data"]
        with capture_logs() as logs:
            data = await asked(school)
            count = len(served.asked)
            await asked(school)
        assert "reworded" not in data
        assert count == len(served.asked) == len(data["recommendations"])
        assert (await school.http.get("/ready")).json()["data"] == before
    [line] = [one for one in logs if one["event"] == "rewording failed"]
    assert line.keys() == {"event", "log_level", "reasons", "pause_seconds"}
    for told in ("amal", KEY, "quiz", served.url):
        assert told not in repr(logs)


async def test_its_tokens_are_counted_for_the_school_in_the_store_alone(served: Endpoint) -> None:
    async with school_with(served) as school:
        store = school.engine.adapters.store
        before = {name async for some in store.scan("") for name in some}
        data = await asked(school)
        after = {name async for some in store.scan("") for name in some}
        [entry] = await store.get_many([keys.rewording_tokens("default", "2026-03-02")])
    assert {name for name in after - before if "audit-witness" not in name} == {"rewording:tokens:2026-03-02"}
    assert entry is not None
    assert int(entry.value) == 180 * len(data["recommendations"])


async def test_without_tokens_nothing_leaves(served: Endpoint) -> None:
    async with school_with(served, rewording_tokens_per_day=0) as school:
        assert "reworded" not in await asked(school)
    assert served.asked == []


async def test_who_may_not_see_a_student_makes_nothing_leave(served: Endpoint) -> None:
    async with school_with(served) as school:
        answer = await school.ask(ADAPTIVE, ASKED, "bilal", "student")
        assert answer.status_code == 404
    assert served.asked == []


async def test_what_a_model_says_is_text_wherever_it_is_shown(served: Endpoint) -> None:
    served.answer = lambda sentence: completion(f"<script>alert(1)</script> {sentence}")
    async with school_with(served) as school:
        assert "script" not in (await school.ask(ADAPTIVE, ASKED)).text
