"""A simulated school, written to a file or taken in."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, NamedTuple

from mastery_engine.bootstrap import Engine
from mastery_engine.cli.intake_report import IntakeReport
from mastery_engine.cli.load.run import check, drive
from mastery_engine.cli.load.watch import LoadReport, Watch
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.session import Session, operator, run
from mastery_engine.cli.taking import BATCH, MANY, Batch, take_all
from mastery_engine.cli.tenants import ensure_tenant
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.events import LearningEvent
from mastery_engine.simulator.disorder import Disorder, disturb
from mastery_engine.simulator.roster import roster
from mastery_engine.simulator.school import simulate
from mastery_engine.simulator.settings import SchoolSettings, Term

CLASS_ID: Final = "class-1"


KAFKA: Final = "kafka"
HTTP: Final = "http"
TOKEN_VARIABLE: Final = "MASTERY_TOKEN"  # noqa: S105 - the name of a variable


class LoadOrder(NamedTuple):
    """How a load is sent.

    Attributes:
        to: `kafka` or `http`.
        rate: Events a second, None for as fast as they are accepted.
        events: How many at most, None for the whole term.
        patience: Seconds without any new update after which the missing ones are given up.
        server: URL of the service, for `http`.
    """

    to: str
    rate: float | None
    events: int | None
    patience: float
    server: str


class SimulationPlan(NamedTuple):
    """What to simulate."""

    school: SchoolSettings
    disorder: Disorder


def plan(
    *, students: int, seed: int, days: int, start: date | None, tenant_id: str, late: float, repeated: float
) -> SimulationPlan:
    """Check and complete what was asked for.

    Raises:
        InvalidInput: A number is out of its bounds.
    """
    first = start or datetime.now(UTC).date() - timedelta(days=days)
    school = SchoolSettings(
        start=first, students=students, seed=seed, tenant_id=tenant_id, term=Term(days=days)
    )
    return SimulationPlan(school, Disorder(late=late, repeated=repeated, seed=seed))


def events(plan: SimulationPlan) -> Iterator[LearningEvent]:
    """Events as they arrive, those of the future left out."""
    now_ms = time.time_ns() // 1_000_000
    past = takewhile(lambda event: event.timestamp <= now_ms, simulate(plan.school))
    return disturb(past, plan.disorder)


def write(plan: SimulationPlan, to: str) -> int:
    """Write events as JSON lines; returns how many."""
    count = 0
    with nullcontext(sys.stdout.buffer) if to == "-" else Path(to).open("wb") as stream:
        for event in events(plan):
            stream.write(encode_event(event) + b"\n")
            count += 1
    return count


def take_in(plan: SimulationPlan) -> IntakeReport:
    """Make the school and its class, take the events in and fold them."""
    school = plan.school

    async def job(session: Session) -> IntakeReport:
        engine = session.engine
        fresh = await _make_school(engine, school)
        with Meter("simulate", school.term.days) as meter:
            # A student makes about an event a day.
            many = school.students * school.term.days >= MANY
            return await take_all(engine, _batches(plan), meter, fresh=fresh, many=many)

    return run(job, school.tenant_id)


async def _make_school(engine: Engine, school: SchoolSettings) -> bool:
    """The school and its class; returns whether the school is new."""
    fresh = await ensure_tenant(engine, school.tenant_id, retention_days=None)
    name = f"Simulated class of {school.students}"
    await engine.cohorts.put(operator(school.tenant_id), roster(school, CLASS_ID, name))
    return fresh


def load(plan: SimulationPlan, order: LoadOrder) -> LoadReport:
    """Send the school's events to a system that runs, and follow them until their updates can be seen."""
    check(order.rate, order.patience)
    watch = Watch()
    total = plan.school.students * plan.school.term.days

    async def over_http() -> LoadReport:
        from mastery_engine.adapters.clock import SystemClock
        from mastery_engine.cli.load.http import open_http

        clock = SystemClock()
        async with open_http(order.server, os.environ.get(TOKEN_VARIABLE, ""), watch, clock) as target:
            return await drive(
                target, watch, chosen, rate=order.rate, patience=order.patience, clock=clock, meter=meter
            )

    async def to_kafka(session: Session) -> LoadReport:
        from mastery_engine.cli.load.kafka import open_kafka

        engine = session.engine
        async with open_kafka(engine, watch) as target:
            await _make_school(engine, plan.school)
            clock = engine.adapters.clock
            return await drive(
                target, watch, chosen, rate=order.rate, patience=order.patience, clock=clock, meter=meter
            )

    chosen = islice(events(plan), order.events)
    with Meter("simulate", total if order.events is None else min(total, order.events)) as meter:
        return run(to_kafka, plan.school.tenant_id) if order.to == KAFKA else asyncio.run(over_http())


def _batches(plan: SimulationPlan) -> Iterator[Batch]:
    start = datetime.combine(plan.school.start, datetime.min.time(), UTC)
    before_ms = int(start.timestamp()) * 1_000
    source = events(plan)
    done = 0
    while batch := list(islice(source, BATCH)):
        days = max(done, (max(event.timestamp for event in batch) - before_ms) // DAY_MS)
        yield batch, days - done
        done = days
