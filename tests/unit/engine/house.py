"""A whole engine in memory, with a clock that stands still unless told to go on."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Any, Final

import msgspec

from mastery_engine.adapters.memory import (
    MemoryArchive,
    MemoryDeadLetters,
    MemoryEventLog,
    MemoryResults,
    MemoryStateStore,
)
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import Document, decode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.outcome import Processed, decode_processed
from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    MasteryCalculationRequested,
    QuizPerformanceSubmitted,
    WhatIfComponents,
)
from mastery_engine.domain.formulas import BUILT_IN, Formulas, Rollout
from mastery_engine.engine import process
from mastery_engine.engine.committed import committed_of
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.fold_batch import Learner
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.judge import identity_of
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.process import Processor
from mastery_engine.engine.replay import Replay
from mastery_engine.engine.step import Ports, StepReport
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import DeadLetter, Entry, LogConsumer, NewRecord, Position

NOW: Final = "2024-03-10T12:00:00"
GROUP: Final = "workers"


def at(moment: str) -> int:
    """Unix milliseconds of `2024-03-01T12:00:00` in UTC."""
    return round(datetime.fromisoformat(f"{moment}+00:00").timestamp() * 1000)


def event_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


class StandingClock:
    """Time that goes on only when somebody sleeps, or the test says so."""

    def __init__(self) -> None:
        self.ms = at(NOW)
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ms += round(seconds * 1_000)


class SetFlags:
    """Flags as a test sets them."""

    def __init__(self) -> None:
        self.rollouts: dict[str, Rollout] = {}
        self.asked: list[str] = []

    async def formula_rollout(self, tenant_id: str, tenant_formula: str) -> Rollout:
        self.asked.append(tenant_id)
        return self.rollouts.get(tenant_id, Rollout(default=tenant_formula))


class House:
    """Every port in memory, and what stands on them."""

    def __init__(self, partitions: int = 1, engine: Any = process) -> None:
        self.engine = engine
        self.clock = StandingClock()
        self.log = MemoryEventLog(self.clock, partitions=partitions, topic_id="topic")
        self.store = MemoryStateStore(self.clock)
        self.archive = MemoryArchive()
        self.letters = MemoryDeadLetters()
        self.results = MemoryResults()
        self.formulas = Formulas()
        self.flags = SetFlags()
        self.pseudonyms = keys.Pseudonyms(b"k" * 32)
        self.lifetimes = Lifetimes()
        self.tenants = TenantDirectory(self.store, self.formulas)

    def processor(
        self, consumer: LogConsumer | None = None, *, engine: Any = None, **ports: Any
    ) -> Processor:
        """A processor as a fresh process would have it; some ports may be others."""
        parts: dict[str, Any] = {
            "log": self.log,
            "consumer": consumer or self.log.consumer(GROUP),
            "store": self.store,
            "results": self.results,
            "dead_letters": self.letters,
            "archive": self.archive,
            "clock": self.clock,
        }
        parts.update(ports)
        engine = engine or self.engine
        return engine.Processor(
            Ports(**parts),
            TenantDirectory(parts["store"], self.formulas),
            self.choice(),
            self.pseudonyms,
            self.lifetimes,
            DerivedKeys(self.lifetimes),
        )

    def choice(self) -> FormulaChoice:
        return FormulaChoice(self.formulas, self.flags)

    def replay(self, make: type[Replay] = Replay, **ports: Any) -> Replay:
        parts: dict[str, Any] = {"store": self.store, "archive": self.archive, "clock": self.clock}
        parts.update({"log": self.log, **ports})
        return make(
            parts["store"],
            parts["archive"],
            parts.get("committed") or partial(committed_of, parts["log"], GROUP),
            self.choice(),
            self.pseudonyms,
            self.lifetimes,
            parts["clock"],
        )

    async def send(self, *events: Event | bytes, key: str | None = None) -> list[Position]:
        """Append events, under their students' keys or another."""
        return await self.log.append([NewRecord((key or _key(one)).encode(), _raw(one)) for one in events])

    async def work(self, **ports: Any) -> StepReport:
        """Fold all that is in the log, in one step of a fresh process."""
        return await self.processor(**ports).step(1_000)

    async def document(self, student: str = "ann", tenant: str = "default") -> Document:
        entry = await self.entry(keys.document(tenant, student))
        return Document() if entry is None else decode_document(entry.value)

    async def entry(self, key: str) -> Entry | None:
        return (await self.store.get_many([key]))[0]

    async def processed(self, event: Event) -> Processed | None:
        entry = await self.entry(keys.processed(event.tenant_id, identity_of(event)[0]))
        return None if entry is None else decode_processed(entry.value)

    async def all_letters(self) -> list[DeadLetter]:
        return await self.letters.find(limit=1_000)

    def outputs(self, kind: str = "mastery.updated") -> list[dict[str, Any]]:
        """Outputs of a type, in the order in which they went out, repeats included."""
        sent = self.results.messages
        return [msgspec.json.decode(one.value) for one in sent if one.message_type == kind]


def learner_of(tenant: Tenant = DEFAULT, student: str = "ann") -> Learner:
    """A learner under the default formula."""
    return Learner(tenant, student, keys.Pseudonyms(b"k" * 32).digest(tenant.tenant_id, student), BUILT_IN[0])


def quiz(
    number: int,
    correct: int = 5,
    when: str = "2024-03-08T10:00:00",
    *,
    student: str = "ann",
    tenant: str = "default",
    course: str | None = "A",
) -> QuizPerformanceSubmitted:
    return QuizPerformanceSubmitted(
        event_id=event_id(number),
        timestamp=at(when),
        tenant_id=tenant,
        student_id=student,
        source="test",
        course_id=course,
        quiz_id="q",
        total_questions=10,
        correct_answers=correct,
        time_spent=60.0,
    )


def completion(
    number: int,
    completed: int,
    when: str = "2024-03-08T10:00:00",
    *,
    student: str = "ann",
    tenant: str = "default",
) -> ExerciseCompletionSubmitted:
    return ExerciseCompletionSubmitted(
        event_id=event_id(number),
        timestamp=at(when),
        tenant_id=tenant,
        student_id=student,
        source="test",
        course_id="A",
        exercise_id="e",
        total_exercises=10,
        completed_exercises=completed,
        difficulty="intermediate",
        time_taken=60.0,
    )


def visit(number: int, when: str, *dates: str, course: str | None = "A") -> ConsistencyActivityRecorded:
    return ConsistencyActivityRecorded(
        event_id=event_id(number),
        timestamp=at(when),
        student_id="ann",
        source="test",
        course_id=course,
        activity_dates=tuple(map(date.fromisoformat, dates)),
    )


def question(number: int, components: WhatIfComponents | None = None) -> MasteryCalculationRequested:
    return MasteryCalculationRequested(
        event_id=event_id(number),
        timestamp=at(NOW),
        student_id="ann",
        source="test",
        components=components,
        correlation_id="c-1",
    )


def _key(one: Event | bytes) -> str:
    return "student:ann" if isinstance(one, bytes) else keys.learner(one.tenant_id, one.student_id)


def _raw(one: Event | bytes) -> bytes:
    return one if isinstance(one, bytes) else encode_event(one)
