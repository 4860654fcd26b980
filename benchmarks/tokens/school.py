"""A class in an installation of its own: every member has the median student's events, moved to end yesterday."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from msgspec.structs import replace
from pydantic import SecretStr

from benchmarks.tokens.scenes import CLASS_SIZE
from benchmarks.tokens.tasks import COHORT, COURSE, STUDENT
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.cli.session import operator
from mastery_engine.cli.tenants import ensure_tenant
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.calendar import DAY_MS, day_of, moment_of
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.events import ConsistencyActivityRecorded, LearningEvent
from mastery_engine.engine.access import Caller

TENANT: Final = "class"
MEMBERS: Final = tuple(str(int(STUDENT) + place) for place in range(CLASS_SIZE))
_NAMES: Final = UUID("7e0f5b8e-4a64-5d0d-9f3c-0c6f2c1f4a11")


def settings_of(home: Path, secret: str) -> Settings:
    """Settings of files in a folder, whatever the environment says.

    Args:
        home: The folder.
        secret: Of tokens.
    """
    return load_settings(home=str(home), jwt_secret=SecretStr(secret), log_level="error")


def who() -> Caller:
    """Who asks: the operator, as a model at somebody's own machine does."""
    return operator(TENANT)


@asynccontextmanager
async def open_school(settings: Settings, events: Sequence[LearningEvent]) -> AsyncGenerator[Engine]:
    """The class, folded.

    Args:
        settings: Where.
        events: Of one student; every member has them.
    """
    async with open_engine(settings) as engine:
        await ensure_tenant(engine, TENANT, retention_days=None)
        now_ms = engine.adapters.clock.now_ms()
        moved = [event for member in MEMBERS for event in moved_to_end_yesterday(events, member, now_ms)]
        first = moment_of(moved[0].timestamp).date()
        members = tuple(Membership(person_id=member, start=first) for member in MEMBERS)
        await engine.cohorts.put(who(), Cohort(cohort_id=COHORT, name=COHORT, students=members))
        receipts = await engine.ingest.take_events(moved)
        refused = [receipt.error for receipt in receipts if receipt.error is not None]
        assert not refused, refused[:3]
        async with engine.folding() as worker:
            await worker.drain()
        yield engine


def moved_to_end_yesterday(events: Sequence[LearningEvent], member: str, now_ms: int) -> list[LearningEvent]:
    """The events as another student's, the newest of them of yesterday.

    Args:
        events: In order of event time.
        member: Whose they become.
        now_ms: Now.
    """
    days = now_ms // DAY_MS - 1 - events[-1].timestamp // DAY_MS
    return [moved_event(event, member, days) for event in events]


def moved_event(event: LearningEvent, member: str, days: int) -> LearningEvent:
    """The event as another student's, some days later, in the course of the tasks.

    Args:
        event: To be moved.
        member: Whose it becomes.
        days: How much later.
    """
    told = replace(
        event,
        event_id=str(uuid5(_NAMES, f"{member}/{event.event_id}")),
        timestamp=event.timestamp + days * DAY_MS,
        tenant_id=TENANT,
        student_id=member,
        course_id=COURSE,
    )
    if isinstance(told, ConsistencyActivityRecorded):
        dates = tuple(moment_of((day_of(one) + days) * DAY_MS).date() for one in told.activity_dates)
        return replace(told, activity_dates=dates)
    return told
