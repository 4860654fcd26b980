"""Poison: a batch that fails is split until the event to blame stands alone; that is tried again, then given up.

So is an event that alone takes longer than a step may, time after time, while store and log answer: waiting for it would block
its partition for ever. Whose fault an error is, `error_kinds` says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, final

import structlog

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.document import DamagedDocument
from mastery_engine.domain.errors import DependencyDown, InvalidInput, MasteryError
from mastery_engine.engine.dead_letter_forms import given_up_letter
from mastery_engine.engine.error_kinds import kind_of
from mastery_engine.engine.step import MOST_CONFLICTS, Ports, Step, StepLate, Work, never_at_rest
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
        # Place of the record that was late alone, and how often.
        self._late: tuple[tuple[str, int, int], int] | None = None

    async def run(self, step: Step, works: list[Work]) -> None:
        """Parts 2 to 7; a failing batch is split until the failing record stands alone, which is then given up."""
        try:
            await self._attempt(step, works)
        except StepLate as error:
            if not self._is_late_once_more(step, works):
                raise
            step.begin_again()
            await self._end(step, works[0], error)
        except Exception as error:
            if not is_poison(error):
                raise _meant(error) from error
            halves = _split(works)
            if halves is not None:
                for half in halves:
                    await self.run(step, half)
                return
            await self._retry(step, works[0], error)

    async def _retry(self, step: Step, work: Work, error: Exception) -> None:
        """Try a record that fails alone three more times, then give it up."""
        for attempt in range(1, ATTEMPTS):
            jitter = 0.5 + self._ports.chance()
            await self._ports.clock.sleep(_FIRST_RETRY_SECONDS * 2 ** (attempt - 1) * jitter)
            try:
                await self._attempt(step, [work])
            except Exception as again:
                if not is_poison(again):
                    raise _meant(again) from again
                error = again
            else:
                return
        await self._end(step, work, error)

    def _is_late_once_more(self, step: Step, works: list[Work]) -> bool:
        """Whether a step of one record was too late for the last time that is allowed."""
        if step.report.polled != 1:
            return False
        record = works[0].records[0].record
        place = (step.topic_id, record.partition, record.offset)
        before = self._late[1] if self._late is not None and self._late[0] == place else 0
        self._late = (place, before + 1)
        return before + 1 >= ATTEMPTS

    async def _end(self, step: Step, work: Work, error: Exception) -> None:
        """Give it up; what took too long only where nothing is slow but the event itself.

        Raises:
            DependencyDown: Store or log does not answer.
        """
        kind = kind_of(error)
        if kind == "timeout":
            await self._ports.store.ping()
            await self._ports.log.ping()
        record = work.records[0].record
        _log.error(
            "event given up",
            kind="timeout" if kind == "timeout" else "processing",
            error=repr(error),
            partition=record.partition,
            offset=record.offset,
            exc_info=error,
        )
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
                    raise _meant(unreadable) from unreadable
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
        step.report.timed_out += letter.kind == "timeout"
        step.report.failed += letter.kind == "processing"

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
    if isinstance(error, MasteryError):
        return isinstance(error, InvalidInput | DamagedDocument)
    return not isinstance(error, ConnectionError)


def _meant(error: Exception) -> Exception:
    """A lost connection that no adapter has translated is waited for, as any other one."""
    return DependencyDown(f"a connection failed: {error!r}") if isinstance(error, ConnectionError) else error


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
