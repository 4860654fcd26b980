"""What must hold when a history has come to rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from mastery_engine.contracts import keys
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.document import TOMBSTONE, Document, decode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.processed import read_processed
from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.events import LearningEvent, MasteryCalculationRequested
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.differences import differences
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import ArchivedEvent
from tools.simulation.events import STUDENTS, TENANTS, Sent
from tools.simulation.world import GROUP, World, run

Student = tuple[str, str]


class Ending:
    """The world at rest, read once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.documents: dict[Student, Document | None] = {}
        for student in STUDENTS:
            entry = run(world.store.get_many([keys.document(*student)]))[0]
            alive = entry is not None and entry.value != TOMBSTONE
            self.documents[student] = decode_document(entry.value) if alive and entry is not None else None
        self.letters: dict[tuple[str, int, int], list[DeadLetter]] = defaultdict(list)
        for letter in run(world.letters.find(limit=10**6)):
            self.letters[letter.topic_id, letter.partition, letter.offset].append(letter)
        self.archive: dict[tuple[Student, str], ArchivedEvent] = {
            (student, one.event_id): one
            for student in STUDENTS
            for one in run(world.archive.of_student(*student))
        }
        self.variants: dict[tuple[Student, str], list[LearningEvent]] = defaultdict(list)
        self.owners: dict[tuple[str, str], set[Student]] = defaultdict(set)
        for sent in world.sent:
            if sent.event is not None:
                student = (sent.event.tenant_id, sent.event.student_id)
                self.owners[sent.event.tenant_id, sent.event.event_id].add(student)
                if sent.event not in self.variants[student, sent.event.event_id]:
                    self.variants[student, sent.event.event_id].append(sent.event)
        self.folded: dict[tuple[Student, str], LearningEvent] = {}

    def problems(self) -> Iterator[str]:
        """Everything that does not hold."""
        yield from self._outputs()
        yield from self._states()
        yield from self._records()
        yield from self._letters_are_of_something()
        yield from self._archive()
        yield from self._comparisons()
        yield from self._ids()
        committed = run(self.world.log.consumer(GROUP).committed())
        if any(end != committed.get(partition, 0) for partition, end in run(self.world.log.ends()).items()):
            yield "not everything in the log is committed"

    def _comparisons(self) -> Iterator[str]:
        """A comparison while workers go on tells no difference where there is none."""
        world = self.world
        told_for_a_reason = (
            world.damaged
            or world.went_back
            or world.topics > 1
            or world.erased
            or world.ever_poison
            or any(len(owners) > 1 for owners in self.owners.values())
        )
        if not told_for_a_reason:
            for student_id, found in world.told.items():
                yield f"{student_id} was said to differ: {found}"

    def _outputs(self) -> Iterator[str]:
        seen: dict[str, bytes] = {}
        caused: dict[tuple[Student, str], set[str]] = defaultdict(set)
        bodies: dict[tuple[Student, str], dict[str, Any]] = {}
        for message in self.world.results.messages:
            if seen.setdefault(message.message_id, message.value) != message.value:
                yield f"output {message.message_id} went out with two contents"
            body = msgspec.json.decode(message.value)
            student = (body["tenant_id"], body["student_id"])
            cause = (student, body["caused_by"])
            name = keys.learner(*student)
            if message.message_id != keys.derived_id(name, body["caused_by"], message.message_type):
                yield f"output {message.message_id} has an id that does not follow from its cause"
            caused[cause].add(message.message_type)
            if message.message_type in {"mastery.updated", "mastery.calculated"}:
                bodies[cause] = body
        for (student, event_id), types in caused.items():
            variants = self.variants.get((student, event_id))
            if not variants:
                yield f"outputs {types} of an event that nobody sent: {event_id}"
                continue
            self.folded[student, event_id] = self._counted(student, variants)
            # A student may be erased between two outputs: the others are never sent.
            if student not in self.world.erased:
                yield from self._belong_together(event_id, types, bodies.get((student, event_id)))

    @staticmethod
    def _belong_together(event_id: str, types: set[str], body: dict[str, Any] | None) -> Iterator[str]:
        if body is None:
            yield f"{types} without an update for {event_id}"
        elif "previous_level" in body:
            moved = body["previous_level"] is not None and body["previous_level"] != body["level"]
            if moved != ("mastery.threshold.reached" in types):
                yield f"level {body['previous_level']} to {body['level']} with {types}"

    def _counted(self, student: Student, variants: list[LearningEvent]) -> LearningEvent:
        """Which of the contents under one id counted, as `processed:` tells it."""
        if len(variants) == 1:
            return variants[0]
        entry = run(self.world.store.get_many([keys.processed(student[0], identity_of(variants[0])[0])]))[0]
        if entry is not None:
            record = read_processed(identity_of(variants[0])[0], entry.value)
            if record is not None and record.student == self.world.pseudonyms.digest(*student):
                return next(one for one in variants if identity_of(one)[1] == record.outcome.digest)
        archived = self.archive.get((student, variants[0].event_id))
        if archived is not None:
            return next(one for one in variants if encode_event(one) == archived.value)
        # Another student used the id at the same time and came last: what was not refused has counted.
        # A repeat of that is refused nevertheless, since the record names the other student.
        passed = {sent.raw for sent in self.world.sent if sent.place not in self.letters}
        return next((one for one in variants if encode_event(one) in passed), variants[0])

    def _states(self) -> Iterator[str]:
        for student, document in self.documents.items():
            if student in self.world.erased:
                if document is not None and student in self.world.forgotten:
                    yield f"{student} is erased, and has a document"
                continue
            tenant = next(one for one in TENANTS if one.tenant_id == student[0])
            calendar, twin = Calendar(tenant.time_zone), LearnerState()
            mine = [event for (owner, _), event in self.folded.items() if owner == student]
            for event in sorted(mine, key=lambda one: (one.timestamp, one.event_id)):
                if not isinstance(event, MasteryCalculationRequested):
                    twin.fold(event, calendar.day(event.timestamp), tenant.retention_days)
            state = LearnerState() if document is None else document.state
            if self.world.damaged and document is not None and document.unarchived:
                # What a deleted topic took from the archive cannot be mended from it.
                continue
            for difference in differences(state, twin):
                yield f"{student}: {difference} from the outputs"
            yield from self._processed(student, mine)

    def _processed(self, student: Student, mine: list[LearningEvent]) -> Iterator[str]:
        document = self.documents[student]
        open_ids: set[bytes] = (
            set() if document is None else {outcome.event_id for outcome in document.outcomes}
        )
        for event in mine:
            event_id = identity_of(event)[0]
            entry = run(self.world.store.get_many([keys.processed(student[0], event_id)]))[0]
            if entry is None and event.event_id not in self.world.expired:
                yield f"{student}: {event.event_id} has no processed record"
            if (
                entry is not None
                # A student whose events a deleted topic took from the archive is left alone by a replay.
                and not (document is not None and document.unarchived)
                and event_id not in open_ids
                and read_processed(event_id, entry.value) is None
            ):
                yield f"{student}: the processed record of {event.event_id} is damaged still"

    def _records(self) -> Iterator[str]:
        for sent in self.world.sent:
            letters = self.letters.get(sent.place, [])
            if len(letters) > 1:
                yield f"{sent.place} has {len(letters)} dead letters"
            if letters and letters[0].payload != sent.raw:
                yield f"{sent.place}: the letter does not hold the raw bytes"
            there = sent.topic_id == self.world.topic_id
            if sent.event is None:
                if there and not letters:
                    yield f"{sent.place} is broken, and has no letter"
            elif (sent.event.tenant_id, sent.event.student_id) not in self.world.erased:
                yield from self._valid(sent, sent.event, letters, there=there)

    def _ids(self) -> Iterator[str]:
        """At the very same time, or over a step that was cut off, an id may count for two students; else for one."""
        for (tenant_id, event_id), owners in self.owners.items():
            counted = [owner for owner in owners if (owner, event_id) in self.folded]
            if self.world.undisturbed and len(counted) > 1:
                yield f"{event_id} of {tenant_id} counted for {len(counted)} students"

    def _valid(
        self, sent: Sent, event: LearningEvent, letters: list[DeadLetter], *, there: bool
    ) -> Iterator[str]:
        student = (event.tenant_id, event.student_id)
        reason = letters[0].reason if letters else None
        document = self.documents[student]
        noted = document is not None and any(one.event_id == event.event_id for one in document.given_up)
        reused = len(self.owners[event.tenant_id, event.event_id]) > 1
        if self.folded.get((student, event.event_id)) == event:
            excused = reason == "given_up" and event.event_id in self.world.ever_poison
            excused = excused or (reason == "event_id_reused" and reused and not self.world.undisturbed)
            excused = excused or (reason == "damaged_record" and event.event_id in self.world.unclear)
            if letters and not excused:
                yield f"{sent.place} counted, and has a letter: {letters[0].message}"
            if noted:
                yield f"{event.event_id} counted, and is still noted as given up"
        elif self._taken(event):
            if (
                there
                and reason != "event_id_reused"
                and not (reason == "damaged_record" and event.event_id in self.world.unclear)
                and not any(
                    owner in self.world.erased for owner in self.owners[event.tenant_id, event.event_id]
                )
            ):
                yield f"{sent.place} uses another event's id, and its letter is {reason}"
        elif there and event.event_id not in self.world.ever_poison:
            yield f"{sent.place} is lost: {event.event_id} did not count (letter: {reason})"
        elif there and (reason != "given_up" or not noted):
            yield f"{sent.place} was given up: letter {reason}, noted {noted}"

    def _taken(self, event: LearningEvent) -> bool:
        owners = self.owners[event.tenant_id, event.event_id]
        return (
            any(
                (owner, event.event_id) in self.folded or owner in self.world.erased
                for owner in owners - {(event.tenant_id, event.student_id)}
            )
            or ((event.tenant_id, event.student_id), event.event_id) in self.folded
        )

    def _letters_are_of_something(self) -> Iterator[str]:
        places = {sent.place for sent in self.world.sent}
        for place, letters in self.letters.items():
            if place not in places:
                yield f"a letter of nothing: {letters[0]}"

    def _archive(self) -> Iterator[str]:
        there = {
            encode_event(sent.event)
            for sent in self.world.sent
            if sent.event is not None and sent.topic_id == self.world.topic_id
        }
        for (student, event_id), event in self.folded.items():
            if student in self.world.erased:
                continue
            archived = self.archive.get((student, event_id))
            if archived is None:
                if encode_event(event) in there:
                    yield f"{event_id} is not in the archive"
            elif archived.value != encode_event(event):
                yield f"{event_id} is in the archive with other content"
        for student, event_id in self.archive:
            if student in self.world.erased:
                continue
            if (student, event_id) not in self.folded and event_id not in self.world.ever_poison:
                yield f"the archive has {event_id}, which did not count"
