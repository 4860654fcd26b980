"""The acts of the demonstration: send, crash, go on, prove, show."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Final

from mastery_engine.bootstrap import Engine
from mastery_engine.cli.demo.stage import CLASS_ID, CLASS_NAME, TENANT, Stage
from mastery_engine.cli.demo.story import Crash, Proof, Sent
from mastery_engine.cli.session import operator
from mastery_engine.cli.tenants import ensure_tenant
from mastery_engine.contracts import keys
from mastery_engine.contracts.answers import Comparison
from mastery_engine.contracts.document import Document, decode_document
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import MasteryError
from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import NewRecord
from mastery_engine.simulator.broken import broken_events
from mastery_engine.simulator.disorder import Disorder, disturb
from mastery_engine.simulator.roster import roster
from mastery_engine.simulator.school import simulate

_LARGEST_STEP: Final = 500
_STEPS: Final = 8
_STEP_OF_THE_CRASH: Final = 4
_DOCUMENT: Final = keys.document(TENANT, "").removeprefix(keys.learner(TENANT, ""))
_RETURN_CODE: Final = -int(signal.SIGKILL)


class DemoFailed(MasteryError):
    """The demonstration did not go as it must."""


async def send(engine: Engine, stage: Stage) -> Sent:
    """Make the class, and send its events with all that goes wrong on the way."""
    school = stage.school
    await ensure_tenant(engine, TENANT, retention_days=None)
    await engine.cohorts.put(operator(TENANT), roster(school, CLASS_ID, CLASS_NAME))
    different: set[str] = set()
    records = late = newest = 0
    arriving = disturb(simulate(school), Disorder(late=0.03, repeated=0.03, seed=school.seed))
    for batch in _batches(arriving):
        receipts = await engine.ingest.take_events(batch)
        if any(receipt.error is not None for receipt in receipts):
            raise DemoFailed("the door refused a simulated event; please report this with the seed")
        for event in batch:
            first = event.event_id not in different
            late += first and event.timestamp < newest - DAY_MS
            newest = max(newest, event.timestamp)
            different.add(event.event_id)
        records += len(batch)
    broken = broken_events(school, engine.adapters.clock.now_ms())
    # Straight into the log, as an agent would that speaks to it itself: the door would have refused them.
    await engine.adapters.log.append(
        [NewRecord(keys.learner(TENANT, one.student_id).encode(), one.raw) for one in broken]
    )
    return Sent(
        records=records + len(broken),
        different=len(different),
        repeated=records - len(different),
        late=late,
        broken=len(broken),
    )


def step_size(sent: Sent) -> int:
    """Records in a step, so that the crash comes half-way at the latest."""
    return min(_LARGEST_STEP, max(1, sent.records // _STEPS))


async def crash(engine: Engine, stage: Stage, sent: Sent) -> Crash:
    """Have another process fold, which is killed in the middle of a step.

    Raises:
        DemoFailed: The process ended otherwise.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mastery_engine.cli.demo.crash",
        str(stage.settings.home),
        str(_STEP_OF_THE_CRASH),
        str(step_size(sent)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await child.communicate()
    except BaseException:
        child.kill()
        raise
    if child.returncode != _RETURN_CODE:
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise DemoFailed(f"the worker to be killed ended with code {child.returncode}: {''.join(last)}")
    committed = await _committed(engine)
    return Crash(
        signal="SIGKILL",
        committed=sum(committed.values()),
        written=await counted(engine),
        uncommitted=await _ahead(engine, committed),
    )


async def go_on(engine: Engine, sent: Sent) -> int:
    """Fold the rest; returns how many records came again and were passed over."""
    async with engine.folding(step_size(sent)) as worker:
        report = await worker.drain()
    return report.repeats


async def prove(engine: Engine, sent: Sent, passed_over: int) -> Proof:
    """Count what was counted, and rebuild everything from the archive beside it."""
    tenant = await engine.tenants.get(TENANT)
    replayed = await engine.replay.run(tenant, "demo", switch=False)
    in_documents = await counted(engine)
    holds = (
        in_documents == replayed.events == sent.different
        and replayed.equal == replayed.students
        and not replayed.different
        and not replayed.missing
    )
    return Proof(
        counted=in_documents,
        archived=replayed.events,
        passed_over=passed_over,
        students=replayed.students,
        equal=replayed.equal,
        holds=holds,
    )


async def counted(engine: Engine) -> int:
    """Events in the students' documents."""
    total = 0
    async for document in _documents(engine):
        total += document.state.events
    return total


def student_to_show(comparison: Comparison) -> str:
    """Somebody of the middle third: there is something to praise and something to do."""
    ranked = [member for member in comparison.members or () if member.rank is not None]
    return ranked[len(ranked) * 3 // 5].student_id


def _batches(events: Iterator[LearningEvent]) -> Iterator[list[LearningEvent]]:
    while batch := list(islice(events, 2_000)):
        yield batch


async def _ahead(engine: Engine, committed: dict[int, int]) -> int:
    """Records that are in the documents although no offset beyond them is committed."""
    log, store = engine.adapters.log, engine.adapters.store
    topic_id = await log.topic_id()
    ahead = 0
    for partition, end in (await log.ends()).items():
        records = await log.read(partition, committed.get(partition, 0), end)
        names = sorted({record.key.decode() + _DOCUMENT for record in records})
        found = dict(zip(names, await store.get_many(names), strict=True))
        documents = {name: decode_document(entry.value) for name, entry in found.items() if entry is not None}
        for record in records:
            document = documents.get(record.key.decode() + _DOCUMENT)
            ahead += document is not None and record.offset <= document.folded(topic_id, partition)
    return ahead


async def _documents(engine: Engine) -> AsyncIterator[Document]:
    store, prefix = engine.adapters.store, keys.learner(TENANT, "")
    async for batch in store.scan(prefix):
        names = [key for key in batch if keys.student_of_document(key, prefix) is not None]
        for entry in await store.get_many(names):
            if entry is not None:
                yield decode_document(entry.value)


async def _committed(engine: Engine) -> dict[int, int]:
    consumer = engine.adapters.log.consumer(engine.group)
    try:
        return await consumer.committed()
    finally:
        await consumer.close()
