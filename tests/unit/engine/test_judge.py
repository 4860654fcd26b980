"""Judging records by the time at which they entered the log, with their tenants' rules."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.contracts.event_json import JsonEvents, encode_event
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.formulas import Formulas
from mastery_engine.engine.dead_letter_forms import letter_of
from mastery_engine.engine.ingest import Ingest
from mastery_engine.engine.judge import Judge, identity_of
from mastery_engine.engine.step_parts import archived
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Record
from tests.unit.engine.house import NOW, House, at, event_id, quiz, visit


def record(value: bytes, entered: str = NOW) -> Record:
    return Record(0, 0, at(entered), b"k", value, ())


@pytest.fixture
def house() -> House:
    return House()


async def test_a_good_record_comes_with_its_identity_and_day(house: House) -> None:
    accepted, refused = await Judge(house.tenants).judge([record(encode_event(quiz(1)))])
    assert refused == []
    (one,) = accepted
    assert one.event == quiz(1)
    assert one.event_id == bytes.fromhex(event_id(1).replace("-", ""))
    assert (one.event_id, one.digest) == identity_of(quiz(1))
    assert one.day == at("2024-03-08T00:00:00") // DAY_MS


@pytest.mark.parametrize(
    ("entered", "good"),
    [
        ("2024-03-08T09:54:59", False),
        ("2024-03-08T09:55:00", True),
        ("2024-06-06T10:00:00", True),
        ("2024-06-06T10:00:01", False),
    ],
)
async def test_the_time_of_entering_the_log_decides(house: House, entered: str, good: bool) -> None:  # noqa: FBT001 - a case
    accepted, refused = await Judge(house.tenants).judge([record(encode_event(quiz(1)), entered)])
    assert (len(accepted), len(refused)) == ((1, 0) if good else (0, 1))
    if refused:
        assert refused[0].error.reason == "rule"
        assert refused[0].error.problems[0].field == "timestamp"


async def test_a_tenant_cuts_its_own_days(house: House) -> None:
    await house.tenants.create(Tenant(tenant_id="east", time_zone="Asia/Tokyo"))
    event = quiz(1, when="2024-03-08T20:00:00", tenant="east")
    ((one,), _) = await Judge(house.tenants).judge([record(encode_event(event))])
    assert one.day == at("2024-03-09T00:00:00") // DAY_MS


async def test_a_tenant_that_nobody_made_is_refused_until_it_is_made(house: House) -> None:
    judge = Judge(house.tenants)
    raw = record(encode_event(quiz(1, tenant="new")))
    _, (refused,) = await judge.judge([raw])
    assert refused.error.reason == "unknown_tenant"
    assert "mastery tenant create new" in refused.error.message
    await house.tenants.create(Tenant(tenant_id="new"))
    accepted, _ = await judge.judge([raw])
    assert len(accepted) == 1


async def test_order_is_kept_and_broken_ones_are_named(house: House) -> None:
    future = encode_event(msgspec.structs.replace(quiz(2), timestamp=at("2025-01-01T00:00:00")))
    values = [encode_event(quiz(1)), b"{", future, encode_event(quiz(3))]
    accepted, refused = await Judge(house.tenants).judge([record(value) for value in values])
    assert [one.event.event_id for one in accepted] == [event_id(1), event_id(3)]
    assert [one.error.reason for one in refused] == ["not_json", "rule"]


async def test_a_door_hears_a_verdict_for_each(house: House) -> None:
    events = [
        quiz(1),
        quiz(2, when="2024-03-11T10:00:00"),
        quiz(3, tenant="nobody"),
        visit(4, "2024-03-08T10:00:00"),
    ]
    verdicts = await Judge(house.tenants).check(events, at(NOW))
    assert [None if one is None else one.reason for one in verdicts] == [None, "rule", "unknown_tenant", None]


def test_the_content_decides_the_digest_and_the_order_of_metadata_does_not() -> None:
    one = msgspec.structs.replace(quiz(1), metadata={"a": "1", "b": "2"})
    other = msgspec.structs.replace(quiz(1), metadata={"b": "2", "a": "1"})
    assert identity_of(one) == identity_of(other)
    assert identity_of(one)[1] != identity_of(quiz(1))[1]
    assert identity_of(quiz(1, student="bob"))[1] != identity_of(quiz(1))[1]


def _flipped(place: int, byte: int) -> bytes:
    raw = encode_event(quiz(1))
    return raw[:place] + bytes([byte]) + raw[place + 1 :]


_ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    st.builds(_flipped, st.integers(0, 250), st.integers(0, 255)),
)


@given(_ANYTHING)
async def test_no_bytes_whatever_stop_the_judge(value: bytes) -> None:
    house = House()
    accepted, refused = await Judge(TenantDirectory(house.store, Formulas())).judge([record(value)])
    assert len(accepted) + len(refused) == 1


class Reversed:
    """A codec of another wire format: the value is the JSON, back to front."""

    async def decode(self, values: Sequence[bytes]) -> list[LearningEvent | InvalidInput]:
        return await JsonEvents().decode([value[::-1] for value in values])

    async def encode(self, events: Sequence[LearningEvent]) -> list[bytes]:
        return [value[::-1] for value in await JsonEvents().encode(events)]


async def test_records_of_another_wire_format_are_read_by_its_codec(house: House) -> None:
    (value,) = await Reversed().encode([quiz(1)])
    ((one,), refused) = await Judge(house.tenants, Reversed()).judge([record(value)])
    assert (one.event, refused) == (quiz(1), [])


async def test_the_archive_can_be_read_without_that_codec(house: House) -> None:
    (value,) = await Reversed().encode([quiz(1)])
    ((one,), _) = await Judge(house.tenants, Reversed()).judge([record(value)])
    assert archived(one, "topic").value == encode_event(quiz(1))


async def test_a_letter_names_the_student_of_a_record_that_json_cannot_tell(house: House) -> None:
    (value,) = await Reversed().encode([quiz(1, when="2020-01-01T00:00:00")])
    _, (refused,) = await Judge(house.tenants, Reversed()).judge([record(value)])
    letter = letter_of(refused, "t", "id", 0)
    assert (letter.tenant_id, letter.student_id, letter.event_id) == ("default", "ann", quiz(1).event_id)
    assert letter.payload == value


async def test_ingest_writes_by_the_codec_of_the_log(house: House) -> None:
    ingest = Ingest(house.log, Judge(house.tenants), house.clock, Reversed())
    await ingest.take_events([quiz(1)])
    (one,) = await house.log.read(0, 0, 10)
    assert one.value == encode_event(quiz(1))[::-1]
