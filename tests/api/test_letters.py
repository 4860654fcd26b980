"""Dead letters over HTTP: an admin of the school looks, mends, sends again, discards."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.contracts.dead_letter import DeadLetter
from tests.api.school import NOW_MS, School, quiz

BROKEN = quiz(correct_answers=-1)
IDS = [f"3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a{number:02d}" for number in range(5)]
MENDED = {"event": BROKEN | {"correct_answers": 9}}


def letter(letter_id: str = IDS[0], **fields: Any) -> DeadLetter:
    given: dict[str, Any] = {
        "topic": "learning.events",
        "topic_id": "t",
        "partition": 0,
        "offset": 7,
        "key": b"amal",
        "headers": (("traceparent", b"00-x"),),
        "payload": json.dumps(BROKEN).encode(),
        "kind": "validation",
        "reason": "invalid",
        "message": "correct_answers = -1: expected `int` >= 0",
        "attempts": 1,
        "failed_at_ms": NOW_MS,
        "tenant_id": "default",
        "student_id": "amal",
        "event_id": BROKEN["event_id"],
    }
    return DeadLetter(letter_id=letter_id, **(given | fields))


async def keep(school: School, *letters: DeadLetter) -> None:
    await school.engine.adapters.dead_letters.add(letters or [letter()])


async def act(school: School, action: str, body: object, letter_id: str = IDS[0]) -> httpx2.Response:
    return await school.ask(f"dlq/{letter_id}/{action}", body)


async def reprocess(school: School, *letter_ids: str, **more: object) -> httpx2.Response:
    return await school.ask("dlq/reprocess", {"letter_ids": letter_ids or [IDS[0]], **more})


async def test_a_letter_is_shown_whole_and_the_look_is_on_record(school: School) -> None:
    await keep(school)
    data = (await school.get(f"dlq/{IDS[0]}")).json()["data"]
    assert json.loads(data["payload"]) == BROKEN
    assert (data["status"], data["place"], data["headers"]) == (
        "open",
        "learning.events/0@7",
        [["traceparent", "00-x"]],
    )
    entry = (await school.audit())[-1]
    assert (entry.action, entry.subjects) == ("dead_letters.read", (school.hash("amal"),))


async def test_letters_are_listed_page_after_page_by_their_status(school: School) -> None:
    await keep(school, *(letter(one) for one in IDS))
    assert (await act(school, "discard", {"reason": "a test"}, IDS[1])).status_code == 200
    pages: list[list[str]] = []
    path: str | None = "dlq?limit=2"
    while path is not None:
        page = (await school.get(path)).json()["data"]
        pages.append([one["letter_id"] for one in page["items"]])
        path = page["next_cursor"] and f"dlq?limit=2&cursor={page['next_cursor']}"
    assert pages == [[IDS[0], IDS[2]], [IDS[3], IDS[4]]]
    for status, wanted in (("discarded", [IDS[1]]), ("reprocessed", []), ("all", IDS)):
        page = (await school.get(f"dlq?status={status}")).json()["data"]
        assert [one["letter_id"] for one in page["items"]] == wanted


async def test_a_mended_letter_is_sent_again_and_counts(school: School) -> None:
    await keep(school)
    mended = (await act(school, "fix", MENDED)).json()["data"]
    assert json.loads(mended["payload"])["correct_answers"] == 9
    assert json.loads(mended["original"]) == BROKEN
    assert (await reprocess(school)).json()["data"]["results"] == [
        {"letter_id": IDS[0], "outcome": "sent", "message": f"sent {BROKEN['event_id']} again"}
    ]
    await school.fold()
    profile = (await school.query({"student_id": "amal"})).json()["data"]
    assert profile["current"]["components"]["quiz"]["value"] == 0.9
    assert (await school.get(f"dlq/{IDS[0]}")).json()["data"]["status"] == "reprocessed"


async def test_what_still_breaks_the_schema_is_refused_and_stays_open(school: School) -> None:
    await keep(school)
    data = (await reprocess(school)).json()["data"]
    assert (data["sent"], data["results"][0]["outcome"]) == (0, "refused")
    assert (await school.get(f"dlq/{IDS[0]}")).json()["data"]["status"] == "open"


async def test_a_dry_run_changes_nothing(school: School) -> None:
    await keep(school)
    await act(school, "fix", MENDED)
    data = (await reprocess(school, dry_run=True)).json()["data"]
    assert (data["sent"], data["results"][0]["outcome"]) == (0, "dry_run")
    assert (await school.get(f"dlq/{IDS[0]}")).json()["data"]["status"] == "open"


async def test_of_several_each_has_a_fate_of_its_own(school: School) -> None:
    await keep(school, letter(IDS[0]), letter(IDS[1]))
    await act(school, "fix", MENDED, IDS[1])
    data = (await reprocess(school, IDS[0], IDS[1], IDS[1], IDS[2])).json()["data"]
    assert [(one["letter_id"], one["outcome"]) for one in data["results"]] == [
        (IDS[0], "refused"),
        (IDS[1], "sent"),
        (IDS[2], "skipped"),
    ]
    assert data["sent"] == 1


async def test_a_discarded_letter_keeps_its_reason_and_is_done_with(school: School) -> None:
    await keep(school)
    data = (await act(school, "discard", {"reason": "a test of the sender's"})).json()["data"]
    assert (data["status"], data["note"]) == ("discarded", "a test of the sender's")
    for answer in (
        await act(school, "discard", {"reason": "again"}),
        await act(school, "fix", MENDED),
        await reprocess(school),
    ):
        assert answer.status_code == 409
        assert "discarded already" in answer.json()["error"]["message"]


@pytest.mark.parametrize("nothing", ["", " \n", "\x1c", "\x85", "\u3000", "\ufeff"])
async def test_a_reason_of_nothing_but_white_space_of_any_dialect_is_none(
    school: School, nothing: str
) -> None:
    await keep(school)
    answer = await act(school, "discard", {"reason": nothing})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "reason"
    assert (await act(school, "discard", {"reason": f"{nothing}x{nothing}"})).status_code == 200


@pytest.mark.parametrize("role", ["student", "teacher", "service"])
async def test_only_an_admin_works_on_letters_and_others_try_on_record(
    school: School, role: TokenRole
) -> None:
    await keep(school)
    answers = [
        await school.get("dlq", "amal", role),
        await school.get(f"dlq/{IDS[0]}", "amal", role),
        await school.ask(f"dlq/{IDS[0]}/fix", MENDED, "amal", role),
        await school.ask(f"dlq/{IDS[0]}/discard", {"reason": "no"}, "amal", role),
        await school.ask("dlq/reprocess", {"letter_ids": [IDS[0]]}, "amal", role),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert [entry.allowed for entry in await school.audit()] == [False] * 5


async def test_a_letter_of_another_tenant_answers_like_one_that_is_not_there(school: School) -> None:
    await keep(school, letter(IDS[0], tenant_id="north"), letter(IDS[1], tenant_id=None))
    assert (await school.get("dlq?status=all")).json()["data"]["items"] == []
    for one in IDS[:3]:
        answers = [
            await school.get(f"dlq/{one}"),
            await act(school, "fix", MENDED, one),
            await act(school, "discard", {"reason": "no"}, one),
            await reprocess(school, one),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        messages = {answer.json()["error"]["message"].replace(one, "ID") for answer in answers}
        assert messages == {"no dead letter 'ID'; list them with: mastery dlq list"}


async def test_a_mended_event_stays_the_same_students(school: School) -> None:
    await keep(school)
    answer = await act(school, "fix", {"event": MENDED["event"] | {"student_id": "bo"}})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "student_id"


async def test_an_event_that_was_given_up_is_not_mended(school: School) -> None:
    await keep(school, letter(reason="given_up"))
    assert (await act(school, "fix", MENDED)).status_code == 409


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("fix", {"event": BROKEN}, "correct_answers"),
        ("fix", {"event": 7}, "event"),
        ("fix", {}, "event"),
        ("discard", {"reason": ""}, "reason"),
        ("discard", {"reason": "  "}, "reason"),
        ("discard", {"reason": "x" * 501}, "reason"),
    ],
)
async def test_what_breaks_a_rule_is_refused_and_the_rule_named(
    school: School, action: str, body: object, field: str
) -> None:
    await keep(school)
    answer = await act(school, action, body)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]
    assert (await school.get(f"dlq/{IDS[0]}")).json()["data"]["status"] == "open"


@pytest.mark.parametrize(
    ("letter_ids", "field"),
    [([], "letter_ids"), (["x"], "letter_ids[0]"), ([IDS[0]] * 101, "letter_ids"), ("all", "letter_ids")],
)
async def test_letters_to_send_are_named_and_not_too_many(
    school: School, letter_ids: object, field: str
) -> None:
    answer = await school.ask("dlq/reprocess", {"letter_ids": letter_ids})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("dlq?status=lost", "status"),
        ("dlq?limit=501", "limit"),
        ("dlq?cursor=%3F", "cursor"),
        ("dlq/7", "letter_id"),
    ],
)
async def test_parameters_that_break_a_rule_are_refused(school: School, path: str, field: str) -> None:
    answer = await school.get(path)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]
