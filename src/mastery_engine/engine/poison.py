"""Poison: a batch that fails is split until the event to blame stands alone; that is tried again, then given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, final

import structlog

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.document import DamagedDocument
from mastery_engine.domain.errors import InvalidInput, MasteryError
from mastery_engine.engine.dead_letter_forms import given_up_letter
from mastery_engine.engine.step import MOST_CONFLICTS, Ports, Step, Work, never_at_rest
from mastery_engine.engine.step_parts import ByTenant, Parts, archived

ATTEMPTS: Final = 4
_FIRST_RETRY_SECONDS: Final = 0.05

Attempt = Callable[[Step, list[Work]], Awaitable[None]]
"""Parts 2 to 7 for some learners; may be called again for what has failed."""

_log: Final = structlog.get_logger(__name__)


@final
class PoisonGuard:
    """Keeps what fails from stopping what does not."""

    def __init__(self, ports: Ports, parts: Parts, attempt: Attempt) -> None:
        """Guard these attempts."""
        self._ports = ports
        self._parts = parts
        self._attempt = attempt

    async def run(self, step: Step, works: list[Work]) -> None:
        """Parts 2 to 7; a failing batch is split until the failing record stands alone, which is then given up."""
        try:
            await self._attempt(step, works)
        except Exception as error:
            if not is_poison(error):
                raise
            halves = _split(works)
            if halves is not None:
                for half in halves:
                    await self.run(step, half)
                return
            await self._retry(step, works[0], error)

    async def _retry(self, step: Step, work: Work, error: Exception) -> None:
        """Try a record that fails alone three more times, then give it up."""
        for attempt in range(1, ATTEMPTS):
            await self._ports.clock.sleep(_FIRST_RETRY_SECONDS * 2 ** (attempt - 1))
            try:
                await self._attempt(step, [work])
            except Exception as again:
                if not is_poison(again):
                    raise
                error = again
            else:
                return
        _log.error("event given up", error=repr(error), offset=work.records[0].record.offset, exc_info=error)
        await self._give_up(step, work, error)

    async def _give_up(self, step: Step, work: Work, error: Exception) -> None:
        """Note the record as given up in the document, then send its dead letter."""
        accepted, ports = work.records[0], self._ports
        letter = given_up_letter(
            accepted, ports.log.topic, step.topic_id, error, ATTEMPTS, ports.clock.now_ms()
        )
        for _ in range(MOST_CONFLICTS):
            try:
                noted = await self._note(step, work, letter)
            except Exception as unreadable:
                if not is_poison(unreadable):
                    raise
                # Nothing can be noted in this document; the archive keeps the event for the replay that mends it.
                break
            if noted == "settled":
                return
            if noted == "noted":
                break
        else:
            raise never_at_rest()
        step.check_deadline()
        await ports.dead_letters.add([letter])
        if ports.archive is not None:
            step.check_deadline()
            await ports.archive.add([archived(accepted, step.topic_id)])
        step.report.refused += 1

    async def _note(
        self, step: Step, work: Work, letter: DeadLetter
    ) -> Literal["noted", "settled", "conflict"]:
        """Note the record as given up, and pass over it; `settled` if there is nothing to give up any more."""
        record = work.records[0].record
        processed = await self._parts.read([work])
        document = work.document
        if _is_known(work, processed):
            # It counted meanwhile, from another record: this one is a repeat.
            await self._attempt(step, [work])
            return "settled"
        passed = record.offset <= document.folded(step.topic_id, record.partition)
        if work.erased or (
            passed and letter.letter_id not in {noted.letter_id for noted in document.given_up}
        ):
            # Erased, or another worker could do it.
            return "settled"
        if not passed:
            document.given_up = [*document.given_up, letter]
            document.advance(step.topic_id, record.partition, record.offset)
            work.batch.changed = True
        return "conflict" if await self._parts.write(step, [work]) else "noted"


def _is_known(work: Work, processed: ByTenant) -> bool:
    """Whether the id of the work's one record stands for an event that counted."""
    event_id = work.records[0].event_id
    return event_id in processed.get(work.learner.tenant.tenant_id, {}) or any(
        outcome.event_id == event_id for outcome in work.document.outcomes
    )


def is_poison(error: Exception) -> bool:
    """Whether the event is to blame, and not a dependency or a setting."""
    return not isinstance(error, MasteryError) or isinstance(error, InvalidInput | DamagedDocument)


def _split(works: list[Work]) -> tuple[list[Work], list[Work]] | None:
    """Two halves, by student and then by record; None for a record that stands alone."""
    if len(works) > 1:
        middle = len(works) // 2
        return works[:middle], works[middle:]
    records = works[0].records
    if len(records) == 1:
        return None
    middle = len(records) // 2
    learner = works[0].learner
    return [Work(learner, records[:middle])], [Work(learner, records[middle:])]
