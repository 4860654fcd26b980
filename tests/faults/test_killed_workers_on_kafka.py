"""Workers on real Kafka are killed at each of the eight steps, one by one and all at once: no event is lost or counts twice."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mastery_engine.domain.events import LearningEvent
from tests.faults.kafka_ending import POISON, check
from tests.integration.kafka_house import until
from tests.unit.engine.house import completion, quiz
from tools.installation import Installation, fold, send

DRIVER = Path(__file__).with_name("kafka_folding_process.py")
STUDENTS = ("ann", "bob", "cy", "dee", "eve")
WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
DOCUMENT, DERIVED, PROCESSED = "current_mastery", "activity:recent", "processed:"
LONGEST_SECONDS = 60

KILLS = (
    # 1. Poll, judge, dead letters.
    "consumer.poll||4|after",
    "sink.add||1|before",
    "sink.add||1|after",
    # 2. Read.
    f"store.get_many|{DOCUMENT}|2|after",
    f"store.get_many|{PROCESSED}|2|after",
    # 3. Fold.
    "fold||9|",
    # 4. Write the documents.
    f"store.write_many|{DOCUMENT}|2|before",
    f"store.write_many|{DOCUMENT}|2|inside",
    f"store.write_many|{DOCUMENT}|2|after",
    # 5. Derived keys.
    f"store.write_many|{DERIVED}|2|inside",
    # 6. Outputs.
    "results.publish||2|before",
    "results.publish||2|inside",
    "results.publish||2|after",
    # 7. `processed:` records.
    f"store.write_many|{PROCESSED}|2|before",
    f"store.write_many|{PROCESSED}|2|inside",
    f"store.write_many|{PROCESSED}|2|after",
    # 8. Commit.
    "consumer.commit||2|before",
    "consumer.commit||2|after",
)


def events() -> list[LearningEvent]:
    made: list[LearningEvent] = []
    for number in range(60):
        make = quiz if number % 2 else completion
        made.append(make(number + 1, number % 11, WHEN, student=STUDENTS[number % 5]))
    return made


def start(installation: Installation, kill_at: str) -> subprocess.Popen[bytes]:
    environment = {**installation.environment, "KILL_AT": kill_at}
    return subprocess.Popen(
        [sys.executable, str(DRIVER)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def killed(process: subprocess.Popen[bytes]) -> None:
    """Return once the process has killed itself."""
    try:
        _, words = await asyncio.to_thread(process.communicate, timeout=LONGEST_SECONDS)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGKILL, words.decode()


async def fill(installation: Installation) -> list[LearningEvent]:
    """Send events, some of them twice, and two records that cannot count."""
    made = events()
    async with installation.engine() as engine:
        await send(engine, [*made, *made[::7], *POISON])
    return made


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", KILLS)
async def test_a_worker_killed_at_a_step_leaves_nothing_that_another_does_not_mend(
    kill_at: str, installation: Installation
) -> None:
    sent = await fill(installation)
    await killed(start(installation, kill_at))
    await check(installation, sent)


@pytest.mark.slow
async def test_so_do_all_workers_killed_at_once(installation: Installation) -> None:
    workers = [installation.start("worker") for _ in range(3)]
    try:
        sent = await fill(installation)
        async with installation.engine() as engine:
            consumer = engine.adapters.log.consumer(engine.group)

            async def begun() -> bool:
                return any((await consumer.committed()).values())

            await until(begun)
            await consumer.close()
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    await check(installation, sent)


@pytest.mark.slow
async def test_a_frozen_worker_that_wakes_after_its_partitions_went_to_another_changes_nothing(
    installation: Installation,
) -> None:
    """A zombie: stopped within a step, woken when another one has folded all."""
    sent = await fill(installation)
    zombie = start(installation, f"store.write_many|{DOCUMENT}|2|freeze")
    try:
        await until(lambda: stopped(zombie))
        async with installation.engine() as engine:
            await fold(engine)
        zombie.send_signal(signal.SIGCONT)
        assert zombie.stdout is not None
        assert await asyncio.to_thread(zombie.stdout.readline) == b"late\n"
        await check(installation, sent)
    finally:
        zombie.kill()
        zombie.communicate()


async def stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has been frozen."""
    assert process.poll() is None, "it ended before it was frozen"
    status = await asyncio.to_thread(Path(f"/proc/{process.pid}/stat").read_text, "ascii")
    return status.rpartition(")")[2].split()[0] == "T"
