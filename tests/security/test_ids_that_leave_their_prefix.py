"""Ids with which a student or a school would leave its prefix in the store, at every door."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import structlog

from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.main import run
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import NewRecord
from tests.api.school import School, open_school, quiz
from tests.api.sidecar import LEARNING, cloud_event
from tests.cli.conftest import quiz as quiz_of_yesterday
from tests.security.ids import bad_ids

FIELDS: Final = ("student_id", "tenant_id")
REFUSED: Final = {2, 3, 4}
"""Exit codes: usage, some refused, not found."""
NOT_GIVEN: Final = 2
"""An empty cell of a table is none."""


@dataclass
class Room:
    """Where a door is tried.

    Attributes:
        school: A service in memory.
        folder: For files.
    """

    school: School
    folder: Path


def event(name: str, value: str, of: Callable[..., dict[str, Any]] = quiz) -> dict[str, Any]:
    return of(**{name: value}) if of is quiz else of(1, **{name: value})


async def ingest(room: Room, name: str, value: str) -> bool:
    answer = await room.school.post("ingest", event(name, value), room.school.bearer("tutor", "service"))
    return answer.status_code == 400


async def cloud(room: Room, name: str, value: str) -> bool:
    """A CloudEvent becomes a dead letter, and is acknowledged so that it does not come for ever."""
    before = len(await room.school.engine.adapters.dead_letters.find(limit=1_000))
    answer = await room.school.http.post(
        LEARNING,
        content=json.dumps(cloud_event(event(name, value))).encode(),
        headers={"Content-Type": "application/cloudevents+json"},
    )
    letters = await room.school.engine.adapters.dead_letters.find(limit=1_000)
    return answer.json() == {"status": "SUCCESS"} and len(letters) == before + 1


async def invoked(room: Room, name: str, value: str) -> bool:
    answer = await room.school.http.post("/process", json={"intent": "ingest", "payload": event(name, value)})
    return answer.status_code == 400


async def log(room: Room, name: str, value: str) -> bool:
    """A record of the log, put there past every door."""
    adapters = room.school.engine.adapters
    before = len(await adapters.dead_letters.find(limit=1_000))
    await adapters.log.append([NewRecord(b"student:ann", json.dumps(event(name, value)).encode())])
    await room.school.fold()
    return len(await adapters.dead_letters.find(limit=1_000)) == before + 1


async def queried(room: Room, name: str, value: str) -> bool:
    school = room.school
    if name == "tenant_id":
        answer = await school.post("query", {"student_id": "amal"}, school.bearer("head", "admin", value))
        return answer.status_code == 401
    answers = [
        await school.query({"student_id": value}),
        await school.post(
            "calculate", {"student_id": value, "components": {}}, school.bearer("head", "admin")
        ),
        await school.post("query", {"student_id": "amal"}, school.bearer(value, "student")),
    ]
    return [one.status_code for one in answers] == [400, 400, 401]


WITNESSES: Final = {keys.audit_witness(""), keys.audit_witness("default")}
"""Made by the first record of a day: a refusal leaves one too."""
ROOMS: Final = (ingest, cloud, invoked, log, queried)


async def keys_of(engine: Any) -> list[str]:
    return sorted({key async for batch in engine.adapters.store.scan("") for key in batch} - WITNESSES)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("door", ROOMS, ids=lambda door: door.__name__)
async def test_the_service_takes_none_of_them(door: Any, name: str, tmp_path: Path) -> None:
    async with open_school() as school:
        before = await keys_of(school.engine)
        room = Room(school, tmp_path)
        passed = [one for one in bad_ids(name) if not await door(room, name, one)]
        await school.fold()
        assert passed == []
        assert await keys_of(school.engine) == before


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MASTERY_TENANT", raising=False)
    yield tmp_path
    structlog.reset_defaults()


def lines(folder: Path, name: str, value: str) -> int:
    file = folder / "events.jsonl"
    file.write_text(json.dumps(event(name, value, quiz_of_yesterday)) + "\n", "utf-8")
    return run(["ingest", str(file)])


def table(folder: Path, name: str, value: str) -> int:
    if not value.strip(" \t"):
        return NOT_GIVEN
    file, fields = folder / "events.csv", event(name, value, quiz_of_yesterday)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([list(fields), list(fields.values())])
    return run(["ingest", str(file)])


def mapped(folder: Path, name: str, value: str) -> int:
    """In the place of what a file has, by its mapping."""
    mapping = folder / "mapping.toml"
    mapping.write_text(f"[constants]\n{name} = {json.dumps(value)}\n", "utf-8")
    file = folder / "events.jsonl"
    file.write_text(json.dumps(quiz_of_yesterday(1)) + "\n", "utf-8")
    return run(["ingest", str(file), "--mapping", str(mapping)])


def read(folder: Path, name: str, value: str) -> int:
    del folder
    if name == "student_id":
        return min(run([command, "--", value]) for command in ("show", "replay"))
    return run(["show", "ann", f"--tenant={value}"])


def made(folder: Path, name: str, value: str) -> int:
    """A class of such students, or such a school."""
    if name == "student_id":
        (folder / "students.txt").write_text("ann\n", "utf-8")
        return run(["cohort", "put", "7b", "--students", str(folder / "students.txt"), f"--student={value}"])
    codes = [
        run(["tenant", "create", "--", value]),
        run(["import", "oulad", str(folder), "-p", "2014B", f"--tenant={value}"]),
        run(["simulate", "--students", "1", "--days", "1", f"--tenant={value}"]),
    ]
    return min(codes)


COMMANDS: Final = (lines, table, mapped, read, made)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("door", COMMANDS, ids=lambda door: door.__name__)
def test_the_command_line_takes_none_of_them(door: Any, name: str, home: Path) -> None:
    passed = {one: code for one in bad_ids(name) if (code := door(home, name, one)) not in REFUSED}
    assert passed == {}
    assert asyncio.run(stored()) == []


def test_neither_does_the_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home
    for one in filter(None, bad_ids("tenant_id")):
        monkeypatch.setenv("MASTERY_TENANT", one)
        with pytest.raises(ConfigurationError, match="MASTERY_TENANT"):
            load_settings()


async def stored() -> list[str]:
    async with open_engine(load_settings()) as engine:
        return await keys_of(engine)
