"""Taking events in at the door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from mastery_engine.contracts.event_json import decode_event, encode_event
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.ingest import Ingest, Receipt
from mastery_engine.engine.judge import Judge
from mastery_engine.ports import NewRecord, Position
from tests.unit.engine.house import event_id, quiz
from tests.unit.engine.small_school import School, open_school


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        await opened.engine.tenants.create(Tenant(tenant_id="north"))
        yield opened


def item(number: int = 1, **fields: object) -> dict[str, object]:
    decoded: dict[str, object] = msgspec.json.decode(encode_event(quiz(number)))
    return {name: value for name, value in (decoded | fields).items() if value is not ...}


def said(receipt: Receipt) -> tuple[str, str]:
    assert receipt.error is not None
    return receipt.error.reason, receipt.error.message


async def test_typed_events_lie_in_the_log_under_their_students_keys(school: School) -> None:
    events = [quiz(1), quiz(2, student="bo", tenant="north")]
    receipts = await school.engine.ingest.take_events(events)
    assert [(one.index, one.event_id, one.error, one.already) for one in receipts] == [
        (0, event_id(1), None, False),
        (1, event_id(2), None, False),
    ]
    keys = (b"student:ann", b"school:north:student:bo")
    for event, receipt, key in zip(events, receipts, keys, strict=True):
        assert receipt.position is not None
        (record,) = await school.engine.adapters.log.read(*receipt.position, 1)
        assert (record.key, decode_event(record.value)) == (key, event)


async def test_good_items_are_accepted_whatever_the_others_are(school: School) -> None:
    receipts = await school.engine.ingest.take(
        ["text", item(1), item(2, correct_answers=11), item(3, quiz_id=...), item(4)], "default"
    )
    assert [one.position is not None for one in receipts] == [False, True, False, False, True]
    assert [one.index for one in receipts] == [0, 1, 2, 3, 4]
    assert [one.event_id for one in receipts] == [None, event_id(1), event_id(2), None, event_id(4)]
    assert said(receipts[0]) == ("not_an_object", "text: must be a JSON object")
    reason, message = said(receipts[2])
    assert reason == "rule"
    assert "correct_answers = 11" in message
    assert said(receipts[3]) == (
        "invalid",
        "quiz_id = absent: is required in quiz.performance.submitted",
    )
    assert sum((await school.engine.adapters.log.ends()).values()) == 2


async def test_over_a_token_the_tenant_is_the_tokens_and_no_other(school: School) -> None:
    own, named, other, odd = await school.engine.ingest.take(
        [
            item(1, tenant_id=...),
            item(2, tenant_id="north"),
            item(3, tenant_id="default"),
            item(4, tenant_id=5),
        ],
        "north",
    )
    assert own.position is not None
    assert named.position is not None
    assert said(other) == ("other_tenant", "tenant_id = default: must be the tenant of the token")
    assert said(odd) == ("other_tenant", "tenant_id = 5: must be the tenant of the token")
    (record,) = await school.engine.adapters.log.read(*own.position, 1)
    assert decode_event(record.value).tenant_id == "north"


async def test_raw_events_may_be_given_another_tenant(school: School) -> None:
    raw = encode_event(quiz(1))
    as_it_is, moved, nowhere, broken = (
        *(await school.engine.ingest.take_raw([raw])),
        *(await school.engine.ingest.take_raw([raw], "north")),
        *(await school.engine.ingest.take_raw([raw], "south")),
        *(await school.engine.ingest.take_raw([b"{"], "north")),
    )
    for receipt, tenant in ((as_it_is, "default"), (moved, "north")):
        assert receipt.position is not None
        records = await school.engine.adapters.log.read(*receipt.position, 1)
        assert decode_event(records[0].value).tenant_id == tenant
    assert said(nowhere) == (
        "unknown_tenant",
        "tenant_id = south: must be a tenant that exists; make it with: mastery tenant create south",
    )
    assert (broken.event_id, said(broken)[0]) == (None, "not_json")


class SilentLog:
    """A log that does not answer, and notes whether it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def append(self, records: Sequence[NewRecord]) -> list[Position]:
        self.asked += len(records)
        raise DependencyDown("the log does not answer")


async def test_a_silent_log_is_an_error_and_is_not_asked_for_nothing(school: School) -> None:
    log = SilentLog()
    engine = school.engine
    ingest = Ingest(log, Judge(engine.tenants), school.clock)  # type: ignore[arg-type]
    with pytest.raises(DependencyDown, match="the log does not answer"):
        await ingest.take([item()], "default")
    assert [one.position for one in await ingest.take(["text"], "default")] == [None]
    assert await ingest.take([], "default") == []
    assert log.asked == 1
