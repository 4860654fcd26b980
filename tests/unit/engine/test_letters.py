"""The desk of the dead letters."""

from __future__ import annotations

import msgspec
import pytest

from mastery_engine.adapters.memory import MemoryAuditTrail, MemoryRosters
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.letters import DeadLetterDesk
from mastery_engine.ports import DeadLetter, Write
from tests.faults.meddling import Meddling, poison
from tests.unit.engine.house import House, at, event_id, quiz

OPERATOR = Caller(tenant_id="default", subject="os:me", role="operator", request_id="r1")
ADMIN = Caller(tenant_id="default", subject="admin", role="admin", request_id="r2")
TEACHER = Caller(tenant_id="default", subject="t", role="teacher", request_id="r3")
ELSEWHERE = Caller(tenant_id="elsewhere", subject="admin", role="admin", request_id="r4")
TOO_EARLY = msgspec.structs.replace(quiz(1), timestamp=at("2025-01-01T00:00:00"))


class Office:
    """A house with a desk in it."""

    def __init__(self) -> None:
        self.house = House()
        self.audit = MemoryAuditTrail()
        self.desk = self.desk_on()

    def desk_on(self, letters: object = None) -> DeadLetterDesk:
        house = self.house
        access = Access(MemoryRosters(), self.audit, house.pseudonyms, house.clock)
        found = letters or house.letters
        return DeadLetterDesk(found, house.log, house.store, access, house.clock)  # type: ignore[arg-type] # a port

    async def letter(self) -> DeadLetter:
        """The one letter that there is."""
        (letter,) = await self.house.all_letters()
        return letter

    async def actions(self) -> list[tuple[str, bool]]:
        return [(one.entry.action, one.entry.allowed) for one in await self.audit.read("default")]


@pytest.fixture
async def office() -> Office:
    """A desk with one letter: an event of the far future."""
    office = Office()
    await office.house.send(encode_event(TOO_EARLY))
    await office.house.work()
    return office


@pytest.fixture
async def given_up() -> Office:
    """A desk with the letter of an event that could not be folded."""
    office = Office()
    await office.house.send(quiz(1))
    with poison(1):
        await office.house.work()
    return office


async def test_letters_of_a_tenant_are_listed_and_the_listing_is_on_record(office: Office) -> None:
    await office.house.send(b"{broken")
    await office.house.work()
    assert [one.reason for one in await office.desk.list(ADMIN)] == ["rule"]
    assert {one.reason for one in await office.desk.list(OPERATOR)} == {"rule", "not_json"}
    assert await office.desk.list(ELSEWHERE) == []
    assert await office.desk.list(ADMIN, status="discarded") == []
    assert await office.actions() == [("dead_letters.read", True)] * 3


@pytest.mark.parametrize("limit", [0, 1_001])
async def test_a_listing_has_its_bounds(office: Office, limit: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 1000"):
        await office.desk.list(ADMIN, limit=limit)


async def test_a_letter_is_shown_whole_to_those_who_may(office: Office) -> None:
    letter = await office.letter()
    assert await office.desk.show(ADMIN, letter.letter_id) == letter
    for who in (ELSEWHERE, OPERATOR):
        wanted = "unknown" if who is OPERATOR else letter.letter_id
        with pytest.raises(NotFound, match="mastery dlq list"):
            await office.desk.show(who, wanted)
    with pytest.raises(NotAllowed):
        await office.desk.show(TEACHER, letter.letter_id)


async def test_a_mended_letter_keeps_what_had_entered_and_counts_when_sent_again(office: Office) -> None:
    letter = await office.letter()
    mended = await office.desk.fix(ADMIN, letter.letter_id, encode_event(quiz(1)))
    assert (mended.payload, mended.original) == (encode_event(quiz(1)), encode_event(TOO_EARLY))
    again = await office.desk.fix(ADMIN, letter.letter_id, encode_event(quiz(1, 6)))
    assert again.original == encode_event(TOO_EARLY)
    done = await office.desk.reprocess(ADMIN, letter.letter_id)
    assert (done.outcome, done.message) == ("sent", f"sent {event_id(1)} again")
    assert (await office.house.work()).folded == 1
    assert (await office.letter()).status == "reprocessed"
    with pytest.raises(Conflict, match="reprocessed already: sent again"):
        await office.desk.reprocess(ADMIN, letter.letter_id)


async def test_mending_does_not_make_an_event_another_students(office: Office) -> None:
    letter = await office.letter()
    with pytest.raises(InvalidInput, match="must stay the letter's student ann") as refused:
        await office.desk.fix(ADMIN, letter.letter_id, encode_event(quiz(1, student="bob")))
    assert refused.value.reason == "other_student"
    with pytest.raises(InvalidInput):
        await office.desk.fix(ADMIN, letter.letter_id, b"{")


async def test_a_letter_that_still_breaks_the_schema_is_not_sent() -> None:
    office = Office()
    await office.house.send(b'{"student_id": "ann"}')
    await office.house.work()
    done = await office.desk.reprocess(OPERATOR, (await office.letter()).letter_id)
    assert done.outcome == "refused"
    assert "mend it first" in done.message
    assert (await office.letter()).status == "open"


async def test_a_dry_run_only_tells(office: Office) -> None:
    letter = await office.letter()
    done = await office.desk.reprocess(ADMIN, letter.letter_id, dry_run=True)
    assert done.outcome == "dry_run"
    assert await office.letter() == letter
    assert (await office.house.work()).polled == 0


async def test_a_given_up_event_is_sent_again_and_counts(given_up: Office) -> None:
    letter = await given_up.letter()
    assert (await given_up.desk.reprocess(ADMIN, letter.letter_id)).outcome == "sent"
    assert (await given_up.house.work()).folded == 1
    assert (await given_up.house.document()).given_up == []


async def test_a_given_up_event_cannot_be_mended_since_the_archive_has_it_as_it_entered(
    given_up: Office,
) -> None:
    letter = await given_up.letter()
    with pytest.raises(Conflict, match=r"the archive has it as it entered.*dlq reprocess.*an id of its own"):
        await given_up.desk.fix(ADMIN, letter.letter_id, encode_event(quiz(1, 9)))
    assert await given_up.letter() == letter
    (kept,) = await given_up.house.archive.of_student("default", "ann")
    assert kept.value == letter.payload


async def test_a_given_up_event_that_is_sent_again_after_a_refused_mending_agrees_with_the_archive(
    given_up: Office,
) -> None:
    letter = await given_up.letter()
    with pytest.raises(Conflict):
        await given_up.desk.fix(ADMIN, letter.letter_id, encode_event(quiz(1, 9)))
    await given_up.desk.reprocess(ADMIN, letter.letter_id)
    await given_up.house.work()
    assert (await given_up.house.replay().run(DEFAULT, "r", switch=False)).equal == 1


async def test_a_given_up_event_that_counted_meanwhile_is_not_sent(given_up: Office) -> None:
    await given_up.house.send(quiz(1))
    await given_up.house.work()
    letter = await given_up.letter()
    dry = await given_up.desk.reprocess(ADMIN, letter.letter_id, dry_run=True)
    assert (dry.outcome, (await given_up.letter()).status) == ("settled", "open")
    done = await given_up.desk.reprocess(ADMIN, letter.letter_id)
    assert (done.outcome, (await given_up.letter()).status) == ("settled", "reprocessed")
    assert (await given_up.house.work()).polled == 0


async def test_a_given_up_event_of_an_erased_student_is_not_sent(given_up: Office) -> None:
    await given_up.house.store.write_many([Write(keys.document("default", "ann"), TOMBSTONE)])
    assert (await given_up.desk.reprocess(ADMIN, (await given_up.letter()).letter_id)).outcome == "settled"


async def test_discarding_needs_a_reason_and_ends_the_letter(office: Office) -> None:
    letter = await office.letter()
    with pytest.raises(InvalidInput, match="must say why"):
        await office.desk.discard(ADMIN, letter.letter_id, "  ")
    ended = await office.desk.discard(ADMIN, letter.letter_id, " a test ")
    assert (ended.status, ended.note) == ("discarded", "a test")
    assert await office.letter() == ended
    with pytest.raises(Conflict, match="discarded already: a test"):
        await office.desk.discard(ADMIN, letter.letter_id, "again")


async def test_two_at_one_letter_do_not_undo_each_other(office: Office) -> None:
    letter = await office.letter()

    async def meanwhile() -> None:
        await office.desk.discard(ADMIN, letter.letter_id, "first")

    slow = office.desk_on(Meddling(office.house.letters, "replace", 1, meanwhile))
    with pytest.raises(Conflict, match="somebody else changed"):
        await slow.discard(ADMIN, letter.letter_id, "second")
    assert (await office.letter()).note == "first"
