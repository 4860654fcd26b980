"""The desk of the dead letters: look, mend, send again, or discard with a reason; everything on record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, final

import msgspec

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, decode_document
from mastery_engine.contracts.event_json import JsonEvents, decode_event, encode_event
from mastery_engine.contracts.reprocessing import Outcome, Reprocessing
from mastery_engine.contracts.tracing import trace_of
from mastery_engine.domain.errors import Conflict, DependencyDown, InvalidInput, NotFound, Problem
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.ingest import record_of
from mastery_engine.engine.policy import Action
from mastery_engine.ports import (
    Clock,
    DeadLetter,
    DeadLetters,
    EventCodec,
    EventLog,
    LetterStatus,
    StateStore,
)

MOST_LISTED: Final = 1_000
GIVEN_UP: Final = "given_up"


@final
class DeadLetterDesk:
    """Works on the dead letters of record."""

    def __init__(
        self,
        letters: DeadLetters,
        log: EventLog,
        store: StateStore,
        access: Access,
        clock: Clock,
        codec: EventCodec | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            letters: The letters of record.
            log: Where an event is sent again.
            store: Of the documents, which tell what was given up.
            access: Who may, and the audit trail.
            clock: For the audit trail.
            codec: Of the log's values; JSON by default.
        """
        self._codec = codec or JsonEvents()
        self._letters = letters
        self._log = log
        self._store = store
        self._access = access
        self._clock = clock

    async def list(
        self,
        caller: Caller,
        *,
        status: LetterStatus | None = "open",
        after: str | None = None,
        limit: int = 100,
        tenant_id: str | None = None,
    ) -> list[DeadLetter]:
        """Letters of the caller's tenant, and for operators those of nobody's tenant too.

        Args:
            caller: Who asks.
            status: Only those; None means any.
            after: Id after which the list goes on.
            limit: How many at most, 1 to 1,000.
            tenant_id: For operators: one tenant only.

        Raises:
            NotAllowed: The caller's role may not.
            InvalidInput: The limit is out of its bounds.
        """
        if not 1 <= limit <= MOST_LISTED:
            raise InvalidInput.of(Problem("limit", str(limit), f"must be from 1 to {MOST_LISTED}"))
        if caller.role != "operator":
            tenant_id = caller.tenant_id
        found = await self._letters.find(tenant_id=tenant_id, status=status, after=after, limit=limit)
        students = sorted(
            {student for letter in found if (student := _student_of(letter, caller)) is not None}
        )
        await self._permit(caller, "dead_letters.read", students, {})
        return found

    async def show(self, caller: Caller, letter_id: str) -> DeadLetter:
        """One letter, whole.

        Raises:
            NotFound: There is none of that id in the caller's tenant.
        """
        return await self._get(caller, letter_id, write=False)

    async def event_of(self, letter: DeadLetter) -> bytes | None:
        """The event of a letter as JSON, where its bytes are something else; None where they are not, or tell none.

        Args:
            letter: One that the caller has been shown.
        """
        if letter.payload.startswith(b"{"):
            return None
        try:
            (event,) = await self._codec.decode([letter.payload])
        except DependencyDown:
            # A letter can be looked at without a registry.
            return None
        return None if isinstance(event, InvalidInput) else encode_event(event)

    async def fix(self, caller: Caller, letter_id: str, payload: bytes) -> DeadLetter:
        """Put a mended event in the place of the payload; what had entered is kept beside it.

        Raises:
            InvalidInput: The mended event breaks the schema too.
            Conflict: The letter is no longer open; or its event was given up, and is in the archive as it entered.
        """
        letter = await self._get(caller, letter_id, write=True)
        if letter.reason == GIVEN_UP:
            raise Conflict(
                f"dead letter {letter_id} holds a valid event that could not be folded, and the archive has it as it "
                "entered, so a mended one under its id would make every replay differ; send it as it is (mastery dlq "
                "reprocess), or discard it and send the mended event under an id of its own"
            )
        event = decode_event(payload)
        if caller.role != "operator" and event.tenant_id != caller.tenant_id:
            rule = f"must be {caller.tenant_id}: a letter is mended within its school"
            raise InvalidInput.of(Problem("tenant_id", event.tenant_id, rule), reason="other_tenant")
        if letter.student_id is not None and (event.tenant_id, event.student_id) != (
            letter.tenant_id,
            letter.student_id,
        ):
            rule = f"must stay the letter's student {letter.student_id} of tenant {letter.tenant_id}"
            raise InvalidInput.of(Problem("student_id", event.student_id, rule), reason="other_student")
        mended = msgspec.structs.replace(
            letter,
            payload=encode_event(event),
            original=letter.payload if letter.original is None else letter.original,
            tenant_id=event.tenant_id,
            student_id=event.student_id,
            event_id=event.event_id,
        )
        if _student_of(letter, caller) != event.student_id:
            await self._permit(caller, "dead_letters.write", [event.student_id], _detail(letter_id))
        await self._replace(mended, letter)
        return mended

    async def reprocess(self, caller: Caller, letter_id: str, *, dry_run: bool = False) -> Reprocessing:
        """Send a letter's event into the log again, as a new record.

        An event that was given up is sent only while the learner's document still lists it so: the archive
        cannot tell, it has every valid event. Nothing can count twice: the id is checked again when it is
        folded.
        """
        letter = await self._get(caller, letter_id, write=True)
        (event,) = await self._codec.decode([letter.payload])
        if isinstance(event, InvalidInput):
            return _outcome(letter, "refused", f"still breaks the schema, mend it first: {event.message}")
        if letter.reason == GIVEN_UP and not await self._is_given_up(letter):
            if not dry_run:
                await self._replace(_ended(letter, "reprocessed", "counted meanwhile"), letter)
            return _outcome(letter, "settled", "the event counted meanwhile; nothing to send")
        if dry_run:
            return _outcome(letter, "dry_run", f"would send {event.event_id} again")
        (value,) = await self._codec.encode([event])
        await self._log.append([record_of(event, value, trace_of(letter.headers))])
        await self._replace(_ended(letter, "reprocessed", "sent again"), letter)
        return _outcome(letter, "sent", f"sent {event.event_id} again")

    async def discard(self, caller: Caller, letter_id: str, reason: str) -> DeadLetter:
        """End a letter without sending it.

        Raises:
            InvalidInput: No reason was given.
            Conflict: The letter is no longer open.
        """
        if not reason.strip():
            raise InvalidInput.of(Problem("reason", reason, "must say why"))
        letter = await self._get(caller, letter_id, write=True)
        ended = _ended(letter, "discarded", reason.strip()[:500])
        await self._replace(ended, letter)
        return ended

    async def _get(self, caller: Caller, letter_id: str, *, write: bool) -> DeadLetter:
        letter = await self._letters.get(letter_id)
        action = "dead_letters.write" if write else "dead_letters.read"
        visible = letter is not None and (caller.role == "operator" or letter.tenant_id == caller.tenant_id)
        student = _student_of(letter, caller) if letter is not None and visible else None
        await self._permit(caller, action, [] if student is None else [student], _detail(letter_id))
        if letter is None or not visible:
            raise NotFound(f"no dead letter {letter_id[:36]!r}; list them with: mastery dlq list")
        if write and letter.status != "open":
            raise Conflict(
                f"dead letter {letter_id} is {letter.status} already: {letter.note or ''}".rstrip(": ")
            )
        return letter

    async def _permit(
        self, caller: Caller, action: Action, students: list[str], detail: dict[str, str]
    ) -> None:
        await self._access.permit(caller, action, students, self._today(), detail)
        if not students:
            # What concerns nobody who is known is on record too: the bytes of a broken record may name anybody.
            await self._access.record(caller, action, [], allowed=True, detail=detail)

    async def _is_given_up(self, letter: DeadLetter) -> bool:
        if letter.tenant_id is None or letter.student_id is None:
            return True
        entry = (await self._store.get_many([keys.document(letter.tenant_id, letter.student_id)]))[0]
        if entry is None or entry.value == TOMBSTONE:
            return entry is None
        document = decode_document(entry.value)
        return any(noted.letter_id == letter.letter_id for noted in document.given_up)

    async def _replace(self, letter: DeadLetter, expected: DeadLetter) -> None:
        if not await self._letters.replace(letter, expected):
            raise Conflict(
                f"somebody else changed dead letter {letter.letter_id} meanwhile; look at it again"
            )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, tz=UTC).date()


def _detail(letter_id: str) -> dict[str, str]:
    return {"letter_id": letter_id[:36]}


def _student_of(letter: DeadLetter, caller: Caller) -> str | None:
    """Whom a letter concerns, as it or its key tells; another school's is not the one of that id in the caller's."""
    owner = letter.owner
    known = owner is not None and (caller.role == "operator" or owner[0] == caller.tenant_id)
    return owner[1] if known and owner is not None else None


def _ended(letter: DeadLetter, status: LetterStatus, note: str) -> DeadLetter:
    return msgspec.structs.replace(letter, status=status, note=note)


def _outcome(letter: DeadLetter, outcome: Outcome, message: str) -> Reprocessing:
    return Reprocessing(letter_id=letter.letter_id, outcome=outcome, message=message)
