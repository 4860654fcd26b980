"""One run: a school's events sent, faults meanwhile, and the wait until everything is folded and archived."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from mastery_engine.bootstrap import Engine
from mastery_engine.cli import simulation
from mastery_engine.domain.events import LearningEvent, QuizPerformanceSubmitted
from mastery_engine.simulator.disorder import Disorder
from tools.chaos.fleet import Fleet
from tools.chaos.poison import poison
from tools.chaos.state import Kind, state_of
from tools.chaos.verdict import Verdict, judge
from tools.installation import Installation, is_committed, kept_until, send
from tools.waiting import until

TENANT: Final = "simulated"
DAYS: Final = 120
PATIENCE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.2
_KINDS: Final = 10
Tell = Callable[[str, int, int], None]
"""Told what goes on, how many records are folded, and of how many."""


class Order(NamedTuple):
    """What to do.

    Attributes:
        events: Accepted events to send, repeats included.
        students: Of the school.
        rate: Events a second.
        workers: At the start.
        calm: Mean seconds between two faults.
        poisoned: Share of records that cannot count.
        seed: All chance follows from it, except what the machine's clock decides.
        protocol: Of the consumer group.
        state: Where it is kept.
    """

    events: int
    students: int
    rate: float
    workers: int
    calm: float
    poisoned: float
    seed: int
    protocol: str
    state: Kind = "redis"


class Stalled(Exception):
    """Nothing was folded for long."""


class Told(NamedTuple):
    """What happened.

    Attributes:
        sent: What the sender told.
        faults: How often each kind was done.
        seconds: From the first event to the last one archived.
        verdict: What was found in the end.
    """

    sent: dict[str, Any]
    faults: dict[str, int]
    seconds: float
    verdict: Verdict


async def run(order: Order, servers: str, registry_url: str, tell: Tell) -> Told:
    """Do one run on topics and files of its own, which are removed in the end.

    Raises:
        EndedByItself: A process ended that nobody had ended.
        Stalled: Nothing was folded for long.
    """
    random = Random(order.seed)
    with tempfile.TemporaryDirectory(prefix="mastery-chaos-") as folder:
        installation = Installation(servers, registry_url, Path(folder) / "home", "chaos")
        installation.variables["MASTERY_KAFKA_GROUP_PROTOCOL"] = order.protocol
        await installation.prepare()
        async with state_of(order.state, Path(folder), random) as state:
            if state.url:
                installation.variables["MASTERY_STORE_URL"] = state.url
            fleet = Fleet(installation, Path(folder), random, state.faults)
            try:
                async with installation.engine() as engine:
                    return await _run(order, installation, engine, fleet, random, Path(folder), tell)
            finally:
                await fleet.end()
                await installation.remove()


async def _run(
    order: Order,
    installation: Installation,
    engine: Engine,
    fleet: Fleet,
    random: Random,
    folder: Path,
    tell: Tell,
) -> Told:
    start = datetime.now(UTC).date() - timedelta(days=DAYS + 1)
    begin = time.monotonic()
    with (folder / "simulate.log").open("wb") as said:
        sender = installation.start("simulate", *_arguments(order, start), said=said)
    try:
        fleet.start(order.workers)
        bad = await _send_poison(engine, order, random)
        await _until_sending(engine, sender, len(bad))
        striking = asyncio.create_task(_strike(fleet, random, order.calm))
        try:
            told = await asyncio.to_thread(sender.communicate)
            await _until_folded(engine, fleet, tell, striking)
        finally:
            striking.cancel()
            await asyncio.wait([striking])
        await _until_kept(engine, fleet)
    finally:
        sender.kill()
        sender.wait()
    seconds = time.monotonic() - begin
    await fleet.end()
    report: dict[str, Any] = json.loads(told[0] or (folder / "simulate.log").read_bytes())
    if "error" in report:
        raise Stalled(f"the sender failed: {report['error']['message']}")
    sent = _events(order, start)
    return Told(report, dict(fleet.faults), seconds, await judge(engine, sent, bad, TENANT))


def _arguments(order: Order, start: date) -> list[str]:
    return [
        *("--to", "kafka", "--json", "--patience", "0", "--rate", str(order.rate)),
        *("--students", str(order.students), "--seed", str(order.seed), "--days", str(DAYS)),
        *("--start", start.isoformat(), "--tenant", TENANT, "--events", str(order.events)),
    ]


def _events(order: Order, start: date) -> list[LearningEvent]:
    """What the sender sends, each event once, the first of each id."""
    plan = simulation.plan(
        students=order.students,
        seed=order.seed,
        days=DAYS,
        start=start,
        tenant_id=TENANT,
        late=Disorder().late,
        repeated=Disorder().repeated,
    )
    return [*{one.event_id: one for one in islice(simulation.events(plan), order.events)}.values()]


async def _send_poison(engine: Engine, order: Order, random: Random) -> list[bytes]:
    """Send the poison among the events, a round of ten kinds at a time."""
    sent: list[bytes] = []
    yesterday = int(time.time() - 86_400) * 1_000
    for number in range(round(order.events * order.poisoned / _KINDS)):
        good = QuizPerformanceSubmitted(
            event_id=f"{random.getrandbits(32):08x}-0000-4000-8000-{number << 16:012x}",
            timestamp=yesterday,
            student_id="noise",
            source="chaos",
            quiz_id="q",
            total_questions=10,
            correct_answers=5,
            time_spent=1.0,
        )
        (value,) = await engine.adapters.codec.encode([good])
        some = poison(good, value)
        await send(engine, some)
        sent += some
        await asyncio.sleep(random.uniform(0.0, 0.1))
    return sent


async def _strike(fleet: Fleet, random: Random, calm: float) -> None:
    while True:
        await asyncio.sleep(random.expovariate(1.0 / calm))
        await fleet.strike()


async def _until_sending(engine: Engine, sender: subprocess.Popen[bytes], before: int) -> None:
    """Wait until the sender's first events are in the log: it makes its school in the state, which is no victim until then."""

    async def sends() -> bool:
        return sender.poll() is not None or sum((await engine.adapters.log.ends()).values()) > before

    await until(sends, PATIENCE_SECONDS)


async def _until_folded(engine: Engine, fleet: Fleet, tell: Tell, striking: asyncio.Task[None]) -> None:
    """Wait until the group has committed everything, faults going on."""
    consumer = engine.adapters.log.consumer(engine.group)
    ends = await engine.adapters.log.ends()
    best, since = -1, time.monotonic()
    while True:
        if striking.done():
            striking.result()
        done = await consumer.committed()
        folded = sum(min(done.get(partition, 0), end) for partition, end in ends.items())
        tell(", ".join(f"{name} {count}" for name, count in fleet.faults.items()), folded, sum(ends.values()))
        if folded >= sum(ends.values()):
            break
        if folded > best:
            best, since = folded, time.monotonic()
        elif time.monotonic() > since + PATIENCE_SECONDS:
            raise Stalled(f"{folded:,} of {sum(ends.values()):,} records folded, and nothing more for long")
        await asyncio.sleep(_LOOK_SECONDS)
    await consumer.close()


async def _until_kept(engine: Engine, fleet: Fleet) -> None:
    """Wait until the archiver has committed everything, in peace."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for consumer, ends in await kept_until(engine):
        while not await is_committed(consumer, ends):
            fleet.check()
            if time.monotonic() > deadline:
                raise Stalled("the archiver has not kept everything in a long time")
            await asyncio.sleep(_LOOK_SECONDS)
        await consumer.close()


def conclusion(told: Told) -> tuple[str, int]:
    """What the run shows in a line, and its exit code."""
    if not told.verdict.holds:
        return "DOES NOT HOLD: every event must count exactly once", 1
    if not sum(told.faults.values()):
        return (
            "PROVES NOTHING: it was over before a fault; send more --events, or give less --calm or --rate",
            1,
        )
    return "holds: 0 lost, 0 doubled", 0


def rows(told: Told) -> Sequence[tuple[str, str]]:
    """The report, line by line."""
    verdict = told.verdict
    return [
        ("events sent", f"{told.sent['sent']:,}, {told.sent['rate']:,.0f} a second"),
        ("different events", f"{verdict.events:,} of {verdict.students:,} students"),
        ("faults", ", ".join(f"{name} {count}" for name, count in sorted(told.faults.items())) or "none"),
        ("folded and archived after", f"{told.seconds:.0f} s"),
        ("outputs", f"{verdict.outputs:,}"),
        ("dead letters", f"{verdict.dead_letters:,}"),
        ("lost", str(verdict.lost)),
        ("doubled", str(verdict.doubled)),
        ("students unlike the fold in memory", str(verdict.different)),
        ("outputs of no event", str(verdict.invented)),
        ("outputs with two contents", str(verdict.contradictions)),
        ("events not in the archive", str(verdict.unarchived)),
        ("events twice in the archive", str(verdict.archived_twice)),
        ("dead letters too many or too few", str(verdict.wrong_letters)),
    ]
