"""A student's result as it changes: on record before it begins, and looked at again while it goes on."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Final, Self, final

import structlog
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.answers import LiveResult, result_view
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import MasteryError, NotFound
from mastery_engine.engine.access import Caller, not_found
from mastery_engine.engine.live import LiveHub
from mastery_engine.engine.live_moments import Admission, Beat, Ended, Following, Moment, Told
from mastery_engine.engine.policy import Action
from mastery_engine.engine.reading import Reader
from mastery_engine.ports import Clock

ACTION: Final[Action] = "mastery.follow"
BEAT_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 30.0
FRESH_SECONDS: Final = 1.0
"""No update is told after a look at the access that is older than this."""
RECORD_SECONDS: Final = 3_600.0
PACE_SECONDS: Final = 0.1
"""Least time between two updates of a stream; what changes meanwhile is in the second."""
_log: Final = structlog.get_logger(__name__)


class _Due(Struct):
    """When something is to be done, on the monotonic clock."""

    beat: float
    check: float
    record: float
    update: float

    @classmethod
    def after(cls, now: float) -> Self:
        return cls(now + BEAT_SECONDS, now + CHECK_SECONDS, now + RECORD_SECONDS, now)


@final
class LiveUpdates:
    """Lets results be followed by those who may see them."""

    def __init__(self, reader: Reader, hub: LiveHub | None, clock: Clock) -> None:
        """Put the parts together.

        Args:
            reader: Gives states, and decides who may.
            hub: Tells of changes; None in a process that hears of none, where a stream is a snapshot and ends.
            clock: For the waits.
        """
        self._reader = reader
        self._hub = hub
        self._clock = clock

    async def open(self, caller: Caller, asked: Following, admission: Admission) -> LiveStream:
        """Begin; the access is on record when this returns, and there is something to tell.

        Args:
            caller: Who asks.
            asked: What for.
            admission: By what they were let in.

        Returns:
            The stream; whoever has it closes it.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: No such student, nothing of the student or course, or not the caller's to see.
            DependencyDown: The record could not be kept, or the store does not answer.
        """
        tenant, _ = await self._reader.day(caller, None)
        detail = {"stream": "opened"}
        await self._reader.access.permit(
            caller, ACTION, [asked.student_id], self._reader.today(tenant), detail
        )
        # Without a hub nobody tells of anything: an empty one does as well.
        stream = LiveStream(
            self._reader, self._hub or LiveHub(), self._clock, tenant, caller, asked, admission
        )
        try:
            await stream.begin(lasts=self._hub is not None)
        except BaseException:
            stream.close()
            raise
        return stream


@final
class LiveStream:
    """What is told of a student, one moment after the other; the next one is made when it is asked for."""

    def __init__(
        self,
        reader: Reader,
        hub: LiveHub,
        clock: Clock,
        tenant: Tenant,
        caller: Caller,
        asked: Following,
        admission: Admission,
    ) -> None:
        """Follow; see `LiveUpdates.open`."""
        self._reader = reader
        self._hub = hub
        self._clock = clock
        self._tenant = tenant
        self._caller = caller
        self._asked = asked
        self._admission = admission
        self._key = keys.document(tenant.tenant_id, asked.student_id)
        self._open = ExitStack()
        self._follower = self._open.enter_context(hub.follow(self._key))
        self._checked = clock.monotonic()
        self._due = _Due.after(self._checked)
        self._ready: list[Moment] = []
        self._told: LiveResult | None = None
        self._over = False

    async def begin(self, *, lasts: bool) -> None:
        """Read what is told first.

        Args:
            lasts: Whether changes will be heard of.

        Raises:
            NotFound: Nothing of the student or course.
        """
        since = self._asked.since
        missed = "unknown" if since is None else self._hub.missed(self._key, since)
        place = self._hub.place(self._key)
        self._told = await self._read()
        if missed == "nothing":
            self._ready.append(Beat())
        else:
            kind = "update" if missed == "something" else "snapshot"
            self._ready.append(Told(kind, place, self._told))
        if not lasts:
            self._ready.append(Ended("not_followed"))

    def close(self) -> None:
        """Follow no longer; idempotent."""
        self._over = True
        self._open.close()

    def __aiter__(self) -> LiveStream:
        return self

    async def __anext__(self) -> Moment:
        if self._ready:
            moment: Moment | None = self._ready.pop(0)
        elif self._over:
            raise StopAsyncIteration
        else:
            moment = None
            while moment is None:
                await self._wait()
                moment = await self._next()
        if isinstance(moment, Ended):
            self._over = True
        return moment

    async def _next(self) -> Moment | None:
        """What is to be told now; None for nothing."""
        try:
            return await self._what_is_due()
        except NotFound:
            return Ended("not_found")
        except MasteryError as error:
            # No record or no check, no data.
            reason = type(error).__name__
            _log.warning("a stream has ended", request_id=self._caller.request_id, reason=reason)
            return Ended("unavailable")

    async def _what_is_due(self) -> Moment | None:
        now, due = self._clock.monotonic(), self._due
        if self._follower.ending:
            return Ended("shutdown")
        if self._clock.now_ms() >= self._admission.until_ms:
            return Ended("token_expired")
        if now >= due.check:
            due.check = now + CHECK_SECONDS
            await self._check()
        if now >= due.record:
            due.record = now + RECORD_SECONDS
            await self._record("goes on", allowed=True)
        if self._follower.changed.is_set() and now >= due.update:
            self._follower.changed.clear()
            due.update = now + PACE_SECONDS
            await (self._check() if now - self._checked >= FRESH_SECONDS else self._check_open())
            # Before the reading, so that it is as new as this at least.
            place = self._hub.place(self._key)
            result = await self._read()
            if result != self._told:
                self._told = result
                return Told("update", place, result)
        if now >= due.beat:
            due.beat = now + BEAT_SECONDS
            return Beat()
        return None

    async def _check(self) -> None:
        began = self._clock.monotonic()
        today = self._reader.today(self._tenant)
        may = await self._reader.access.may(self._caller, ACTION, [self._asked.student_id], today)
        if not (may and await self._admission.holds()):
            await self._record("ended", allowed=False)
            raise not_found()
        self._checked = began

    async def _check_open(self) -> None:
        """A restriction holds before the next full check, and costs little: who is restricted is remembered for a second."""
        student = self._asked.student_id
        if not await self._reader.access.open_to(self._caller, ACTION, [student]):
            await self._record("ended", allowed=False)
            raise not_found()

    async def _record(self, what: str, *, allowed: bool) -> None:
        students, detail = [self._asked.student_id], {"stream": what}
        await self._reader.access.record(self._caller, ACTION, students, allowed=allowed, detail=detail)

    async def _read(self) -> LiveResult:
        student_id, course_id = self._asked.student_id, self._asked.course_id
        day = self._reader.today(self._tenant)
        reading = await self._reader.known_one(self._tenant, student_id, day)
        return LiveResult(
            student_id=student_id,
            course_id=course_id,
            as_of=day,
            events=sum(one.events for one in reading.state.evidence(reading.day, course_id)),
            current=result_view(reading.result(course_id)),
        )

    async def _wait(self) -> None:
        """Until something is to be done."""
        now, due, changed = self._clock.monotonic(), self._due, self._follower.changed
        expires = now + (self._admission.until_ms - self._clock.now_ms()) / 1_000
        until = min(due.beat, due.check, due.record, expires)
        if self._follower.ending or (changed.is_set() and now >= due.update):
            return
        tasks: set[asyncio.Task[object]] = set()
        if changed.is_set():
            until = min(until, due.update)
        else:
            tasks.add(asyncio.create_task(changed.wait()))
        tasks.add(asyncio.create_task(_slept(self._clock, max(until - now, 0.0))))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


async def _slept(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
