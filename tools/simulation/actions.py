"""What happens to a history from outside: producers, operators, erasers, time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, decode_document, encode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import Event, MasteryCalculationRequested
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import ABSENT, Write
from tools.simulation.code import Code
from tools.simulation.events import STUDENTS, TENANTS, draw_broken, draw_event, draw_question, uuid_of
from tools.simulation.faults import Actor, Rates, moment
from tools.simulation.faulty_store import FaultyStore
from tools.simulation.stage import Stage
from tools.simulation.themes import draw_theme
from tools.simulation.world import GROUP, run

T = TypeVar("T")
_REPLAYED: Final = 0.7
_SWITCHED: Final = 0.6
_ERASED: Final = 0.3
_LATE_MS: Final = 31_000


class Actions(Stage):
    """What may happen, and the actors that it concerns."""

    def __init__(self, seed: int, code: Code) -> None:
        super().__init__(seed, code)
        self.theme = draw_theme(self.chance)
        self.rates = Rates.draw(self.chance, self.theme.stay, calm=self.theme.calm)
        self.most_workers = self.chance.choice(self.theme.workers)
        self.students = STUDENTS[: self.theme.students] if self.theme.students > 1 else (self._anybody(),)
        self.world.scattered = self.theme.scattered
        self.world.undisturbed = self.most_workers == 1
        self.sleep = self.chance.choice(self.theme.sleep)
        self.rebalanced: set[str] = set()
        self.outage = 0
        self.born = 0
        self.replays = 0
        self.moments: int = 0
        self.asleep: dict[str, int] = {}
        """Until which moment an actor stands still, by its name."""
        self._now: Actor[None] | None = None
        self.copy: tuple[str, dict[str, bytes]] | None = None
        """A copy of the state, and the topic of that time."""

    def _anybody(self) -> tuple[str, str]:
        return self.chance.choice(STUDENTS)

    def _action(self) -> Callable[[], None]:
        actions = self.theme.actions
        return getattr(self, f"_{self.chance.choices(list(actions), list(actions.values()))[0]}")

    def _student(self) -> tuple[str, str]:
        return self.chance.choice(self.students)

    def _send(self) -> None:
        for _ in range(self.chance.choice((1, 1, 1, 3))):
            student = self._student()
            event = draw_event(self.chance, self.world.clock.ms, student, uuid_of(self.chance))
            self.world.append(student, encode_event(event), event)

    def _send_poison(self) -> None:
        student = self._student()
        event = draw_event(self.chance, self.world.clock.ms, student, uuid_of(self.chance))
        self.world.poison.add(event.event_id)
        self.world.ever_poison.add(event.event_id)
        self.world.append(student, encode_event(event), event)

    def _heal(self) -> None:
        self.world.poison.clear()

    def _repeat(self) -> None:
        earlier = [
            one for one in self.world.sent if one.event and one.event.event_id not in self.world.expired
        ]
        if earlier:
            event = self.chance.choice(self._mostly_late(earlier)).event
            assert event is not None
            self.world.append((event.tenant_id, event.student_id), encode_event(event), event)

    def _break(self) -> None:
        student = self._student()
        self.world.append(student, draw_broken(self.chance, self.world.clock.ms, student), None)

    def _ask(self) -> None:
        student = self._student()
        event = draw_question(self.chance, self.world.clock.ms, student, uuid_of(self.chance))
        self.world.append(student, encode_event(event), event)

    def _reuse_with_other_content(self) -> None:
        event = self._earlier()
        if event is not None:
            student = (event.tenant_id, event.student_id)
            other = draw_event(self.chance, self.world.clock.ms, student, event.event_id)
            self.world.append(student, encode_event(other), other)

    def _reuse_for_another_student(self) -> None:
        event = self._earlier()
        if event is not None and event.tenant_id == "default":
            student = ("default", "bob" if event.student_id == "ann" else "ann")
            other = draw_event(self.chance, self.world.clock.ms, student, event.event_id)
            self.world.append(student, encode_event(other), other)

    def _earlier(self) -> Event | None:
        events = [
            one.event
            for one in self.world.sent
            if one.event is not None
            and one.event.event_id not in self.world.ever_poison
            and one.event.event_id not in self.world.expired
            and not isinstance(one.event, MasteryCalculationRequested)
        ]
        return self.chance.choice(self._mostly_late(events)) if events else None

    def _mostly_late(self, events: list[T]) -> list[T]:
        return events[-3:] if self.chance.random() < 0.5 else events

    def _reset_offsets(self) -> None:
        log = self.world.log
        log.commit(GROUP, self.world.topic_id, dict.fromkeys(run(log.consumer(GROUP).committed()), 0))
        self._rebalance()

    def _rebalance(self) -> None:
        self.rebalanced.update(actor.name for actor in self.actors)

    def _recreate_topic(self) -> None:
        self.world.recreate()

    def _start_replay(self) -> None:
        self.replays += 1
        switch = self.chance.random() < _SWITCHED
        self.actors.append(Actor(f"replay-{self.replays}", self._replaying(switch=switch)))

    def _store_down(self) -> None:
        self.outage = 30

    def _pass_time(self) -> None:
        self.world.clock.ms += self.chance.randrange(20) * DAY_MS

    def _damage(self) -> None:
        """What an older release could have done to a document: one event counted twice."""
        key = keys.document(*self._student())
        entry = run(self.world.store.get_many([key]))[0]
        if entry is not None and entry.value != TOMBSTONE:
            document = decode_document(entry.value)
            for course in document.state.courses.values():
                course.now.events += 1
                self.world.damaged = True
            run(self.world.store.write_many([Write(key, encode_document(document), entry.version)]))
            if self.chance.random() < _REPLAYED:
                self._start_replay()

    def _damage_record(self) -> None:
        """A disk that forgets: the `processed:` record of an event is there, and says nothing."""
        event = self._earlier()
        if event is not None:
            key = keys.processed(event.tenant_id, identity_of(event)[0])
            if run(self.world.store.get_many([key]))[0] is not None:
                self.world.unclear.add(event.event_id)
                run(self.world.store.write_many([Write(key, b"\xc1 rubbish")]))
                if self.chance.random() < _REPLAYED:
                    self._start_replay()

    def _expire(self) -> None:
        """The `processed:` records of what is long done with expire."""
        world = self.world
        if not self._is_done():
            return
        for sent in world.sent:
            if sent.event is not None:
                key = keys.processed(sent.event.tenant_id, identity_of(sent.event)[0])
                if run(world.store.get_many([key]))[0] is not None:
                    world.expired.add(sent.event.event_id)
                    run(world.store.write_many([Write(key, None)]))

    def _remember(self) -> None:
        """Somebody copies the state while nothing is under way."""
        if self._is_done():
            self.copy = (self.world.topic_id, run(self.world.copy_of_state()))

    def _go_back(self) -> None:
        """The state is lost, its copy put in place and brought up to the log by a replay, before anybody goes on."""
        world = self.world
        given_up_or_erased = world.ever_poison or world.erased
        if self.copy and self.copy[0] == world.topic_id and not given_up_or_erased and self._is_done():
            self._end()
            world.went_back = True
            run(world.put_back(self.copy[1]))
            self._alone(self._replaying())

    def _is_done(self) -> bool:
        committed = run(self.world.log.consumer(GROUP).committed())
        ends = run(self.world.log.ends())
        return self._resting() and all(end == committed.get(partition, 0) for partition, end in ends.items())

    def _erase(self) -> None:
        if self.chance.random() < _ERASED:
            self.actors.append(Actor("eraser", self._erasing(self._student())))

    async def _erasing(self, student: tuple[str, str]) -> None:
        """Marker, tombstone in place of the document, a wait longer than any step, and the tombstone goes."""
        self.world.erased.add(student)
        store, key = FaultyStore(self.world.store), keys.document(*student)
        marker = Write(keys.erased(self.world.pseudonyms.of(*student)), b"1")
        written = gone = False
        while not gone:
            try:
                if not written:
                    await store.write_many([marker])
                    entry = (await store.get_many([key]))[0]
                    expected = ABSENT if entry is None else entry.version
                    written = (await store.write_many([Write(key, TOMBSTONE, expected)]))[0]
                    if written:
                        self.world.forgotten.add(student)
                    continue
                self.world.clock.ms += _LATE_MS
                while any(
                    actor.at and actor.at[0].startswith("store.write document") for actor in self.actors
                ):
                    await moment("eraser waits", 0)
                gone = (await store.write_many([Write(key, None)]))[0]
            except DependencyDown:
                await moment("eraser waits", 0)

    async def _replaying(self, *, switch: bool = True) -> None:
        self.world.replayed = self.world.replayed or switch
        replay = self.world.replay(self.code)
        for tenant in TENANTS:
            try:
                report = await replay.run(tenant, "run", switch=switch)
            except DependencyDown:
                return
            if not switch:
                self.world.told.update(report.different)
