"""A real process is killed at and inside each of the eight steps and started again: nobody can tell."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.bootstrap import CONSUMER_GROUP, RESULTS, Engine, open_engine
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import decode_document, encode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.ports import NewRecord
from tests.unit.engine.house import at, completion, question, quiz, visit

DRIVER = Path(__file__).with_name("folding_process.py")
STUDENTS = ("ann", "bob", "cy", "dee", "eve")
DOCUMENT, DERIVED, PROCESSED = "current_mastery", "activity:recent", "processed:"

KILLS = (
    # 1. Poll, judge, dead letters.
    "consumer.poll||1|after",
    "consumer.poll||4|before",
    "dead_letters.add||1|before",
    "dead_letters.add||1|after",
    # 2. Read.
    f"store.get_many|{DOCUMENT}|2|before",
    f"store.get_many|{PROCESSED}|2|before",
    f"store.get_many|{PROCESSED}|2|after",
    # 3. Fold.
    "fold||9|",
    # 4. Write the documents.
    f"store.write_many|{DOCUMENT}|2|before",
    f"store.write_many|{DOCUMENT}|2|inside",
    f"store.write_many|{DOCUMENT}|2|after",
    # 5. Derived keys, archive.
    f"store.write_many|{DERIVED}|2|inside",
    "archive.add||2|before",
    "archive.add||2|inside",
    "archive.add||2|after",
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
    # Inside transactions, wherever they are.
    *(f"COMMIT||{nth}|" for nth in (1, 4, 7, 10, 13)),
)


def _now() -> str:
    return (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:%M:%S")


async def _fill(home: Path) -> None:
    """Events of five students, repeats near and far, ids used twice, and records that cannot count."""
    when = _now()
    records: list[tuple[str, bytes]] = []
    for number in range(40):
        student = STUDENTS[number % 5]
        make = quiz if number % 2 else completion
        event = make(number + 1, number % 11, when, student=student)
        records.append((f"student:{student}", encode_event(event)))
        if number % 7 == 0:
            records.append((f"student:{student}", encode_event(event)))
    records.append(("elsewhere", records[3][1]))
    asked = msgspec.structs.replace(question(91), timestamp=at(when))
    records += [("student:ann", encode_event(visit(90, when))), ("student:ann", encode_event(asked))]
    records.append(("student:bob", encode_event(quiz(2, 10, when, student="bob"))))
    records.append(("student:cy", b"{broken"))
    records.append(("student:cy", b'{"event_type": "unheard.of"}'))
    async with open_engine(Settings.model_validate({"home": home})) as engine:
        await engine.adapters.log.append([NewRecord(key.encode(), value) for key, value in records])


def _run(home: Path, kill_at: str = "") -> int:
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    environment = {**os.environ, "KILL_AT": kill_at, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, str(DRIVER), str(home)], env=environment, check=False, timeout=60
    ).returncode


async def _ending(home: Path) -> dict[str, Any]:
    """All that must be the same whether a process was killed or not."""
    async with open_engine(Settings.model_validate({"home": home})) as engine:
        adapters = engine.adapters
        letters = await adapters.dead_letters.find(limit=1_000)
        archived = [
            one for student in STUDENTS for one in await adapters.archive.of_student("default", student)
        ]
        ids = [bytes.fromhex(one.event_id.replace("-", "")) for one in archived]
        entries = await adapters.store.get_many([keys.processed("default", event_id) for event_id in ids])
        return {
            "documents": [await _document(engine, student) for student in STUDENTS],
            "letters": [(one.letter_id, one.payload, one.kind, one.reason, one.message) for one in letters],
            "archive": archived,
            "processed": [entry is not None for entry in entries],
            "committed": await adapters.log.consumer(CONSUMER_GROUP).committed(),
            "outputs": await _outputs(engine),
        }


async def _document(engine: Engine, student: str) -> object:
    entry = (await engine.adapters.store.get_many([keys.document("default", student)]))[0]
    assert entry is not None
    document = decode_document(entry.value)
    document.outcomes = []
    for course in document.state.courses.values():
        list(course.days.items())
    return msgspec.msgpack.decode(encode_document(document), strict=False)


async def _outputs(engine: Engine) -> dict[str, bytes]:
    """Outputs by id; one id never has two contents."""
    home = SqliteHome(engine.settings.database_folder, engine.adapters.clock)
    try:
        log = await home.log(RESULTS)
        found: dict[str, bytes] = {}
        for partition in await log.ends():
            for record in await log.read(partition, 0, 10_000):
                name = msgspec.json.decode(record.value)["event_id"]
                assert found.setdefault(name, record.value) == record.value
        return found
    finally:
        await home.close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("prepared")
    asyncio.run(_fill(home))
    return home


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    shutil.copytree(prepared, home)
    assert _run(home) == 0
    return asyncio.run(_ending(home))


async def test_the_undisturbed_run_has_something_of_everything(undisturbed: dict[str, Any]) -> None:
    assert len(undisturbed["archive"]) == 42
    assert all(undisturbed["processed"])
    assert len(undisturbed["letters"]) == 3
    assert len(undisturbed["outputs"]) > 42


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", KILLS)
async def test_a_killed_process_leaves_nothing_that_a_new_one_does_not_mend(
    kill_at: str, prepared: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(prepared, home)
    assert _run(home, kill_at) == -signal.SIGKILL, f"it never came to {kill_at}"
    assert _run(home) == 0
    assert await _ending(home) == undisturbed


@pytest.mark.slow
async def test_a_process_killed_again_and_again_comes_to_the_same_end(
    prepared: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(prepared, home)
    for kill_at in KILLS[4:20:2]:
        _run(home, kill_at.replace("|2|", "|1|"))
    assert _run(home) == 0
    assert await _ending(home) == undisturbed
