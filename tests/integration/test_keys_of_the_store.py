"""Every key of a whole installation, read past the program, against the table: pattern, school, life and content."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import time
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.replaying import replay_all
from mastery_engine.contracts.document import VERSION, decode_document
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.events import LearningEvent, QualityAssessmentCompleted
from mastery_engine.engine.derived import DERIVED_KINDS, DerivedKind
from mastery_engine.engine.replay_notes import Wanted
from tests.integration.dapr_state_house import sidecar_on
from tests.integration.keys_of_the_store import DAY, OF_A_REPLAY, SECOND, TABLE, Raw, of_kind, raw_keys
from tests.unit.adapters.oulad_tables import write_tables
from tests.unit.engine.house import completion, event_id, question, quiz, visit
from tools.installation import Installation, archive, fold, send
from tools.own_redis import OwnRedis

NOW = datetime.now(UTC)
SCHOOLS = {
    "default": DEFAULT,
    "brief": Tenant(tenant_id="brief", retention_days=30, time_zone="Asia/Tokyo"),
    "endless": Tenant(tenant_id="endless", retention_days=None, time_zone="America/Lima"),
}
IMPORTED = Tenant(tenant_id="oulad", retention_days=None)
AGES = (1, 20, 3, 29)
"""Days ago; not in order, so that most come late."""
STUDENTS = ("ann", "B_0-b")
NUMBERS = count(1)


def moment(days: float) -> str:
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S")


def assessment(number: int, when: str, student: str, school: str) -> QualityAssessmentCompleted:
    return QualityAssessmentCompleted(
        event_id=event_id(number),
        timestamp=quiz(number, when=when).timestamp,
        tenant_id=school,
        student_id=student,
        source="test",
        submission_id="s",
        code_quality_score=0.5,
        correctness_score=0.5,
        efficiency_score=0.5,
    )


def events_of(school: str, student: str) -> list[LearningEvent]:
    """All kinds, on several days."""
    found: list[LearningEvent] = []
    for age in AGES:
        when = moment(age)
        who: Any = {"student": student, "tenant": school}
        found += [quiz(next(NUMBERS), 7, when, **who), completion(next(NUMBERS), 3, when, **who)]
        found.append(assessment(next(NUMBERS), when, student, school))
    others = [visit(next(NUMBERS), moment(2), moment(4)[:10], moment(40)[:10]), question(next(NUMBERS))]
    now = quiz(1, when=moment(0.01)).timestamp
    replaced = [msgspec.structs.replace(one, student_id=student, tenant_id=school) for one in others]
    return [*found, replaced[0], msgspec.structs.replace(replaced[1], timestamp=now)]


@dataclass
class House:
    """An installation whose store is nobody else's.

    Attributes:
        sent: What was folded, by school and student.
        begun_ms: Before the first write.
        running: What was there while a replay ran.
    """

    engine: Engine
    url: str
    sent: dict[tuple[str, str], list[LearningEvent]] = field(
        default_factory=dict[tuple[str, str], list[LearningEvent]]
    )
    begun_ms: int = 0
    running: list[Raw] = field(default_factory=list[Raw])

    def read(self, records: int, total: int) -> None:
        """Nobody asks for the log."""

    def replayed(self, students: int, events: int, total: int) -> None:
        """A slice is done with."""
        del students, events, total
        self.running += raw_keys(self.url)


@pytest.fixture
async def house(installation: Installation, own_redis: OwnRedis, tmp_path: Path) -> AsyncIterator[House]:
    """Schools with events of every kind, some late and some twice, an import, and a replay of each school that has ended."""
    installation.variables["MASTERY_STORE_URL"] = own_redis.url
    folder = tmp_path / "tables"
    folder.mkdir()
    begun_ms = round(time() * 1_000)
    with installation.start("import", "oulad", str(write_tables(folder)), "-p", "2014B") as importing:
        _, said = importing.communicate(timeout=120)
    assert importing.returncode == 0, said
    async with installation.engine() as engine:
        made = House(engine, own_redis.url, begun_ms=begun_ms)
        for school, tenant in SCHOOLS.items():
            await engine.tenants.ensure(tenant)
            for student in STUDENTS:
                made.sent[school, student] = events_of(school, student)
        every = [one for events in made.sent.values() for one in events]
        await send(engine, every[::2])
        await fold(engine)
        await send(engine, [*every[1::2], *every[:5], b"{broken"])
        await fold(engine)
        await archive(engine)
        for tenant in (*SCHOOLS.values(), IMPORTED):
            report = await replay_all(engine, tenant, Wanted(switch=True), watcher=made)
            assert report.students == report.equal > 0
        yield made


def newest(events: list[LearningEvent]) -> int:
    return max(
        one.timestamp for one in events if one.__struct_config__.tag != "mastery.calculation.requested"
    )


def days_of(events: list[LearningEvent], zone: str) -> set[str]:
    """Days that an event changed, as the school cuts them."""
    evidence = [one for one in events if one.__struct_config__.tag != "mastery.calculation.requested"]
    moments = [datetime.fromtimestamp(one.timestamp / 1_000, ZoneInfo(zone)) for one in evidence]
    return {one.date().isoformat() for one in moments}


def end_of(day: str, zone: str) -> int:
    following = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    return round(following.timestamp() * 1_000)


async def test_every_key_is_one_of_the_table_under_its_school_and_lives_as_long_as_that_says(
    house: House,
) -> None:
    found, ended_ms = raw_keys(house.url), round(time() * 1_000)
    assert [one.key for one in found if one.kind not in TABLE] == []
    assert {one.type for one in found} == {"hash"}
    assert {one.kind for one in found} == set(TABLE)
    schools = {**SCHOOLS, IMPORTED.tenant_id: IMPORTED}
    assert {one.school for one in found} == set(schools)
    for one in found:
        retention = schools[one.school].retention_days
        zone = schools[one.school].time_zone
        after: range | None
        match one.kind:
            case "tenant" | "witness":
                after = None
            case "processed":
                after = range(house.begun_ms + 14 * DAY, ended_ms + 14 * DAY)
            case "activity":
                after = range(house.begun_ms + 30 * DAY, ended_ms + 30 * DAY)
            case _ if retention is None:
                after = None
            case "document":
                last = newest(house.sent[one.school, one.told["student"]])
                after = range(last + retention * DAY, last + retention * DAY)
            case _:
                last = end_of(one.told["day"], zone)
                after = range(last + retention * DAY, last + retention * DAY)
        if after is None:
            assert one.expires_ms is None, one.key
        else:
            assert one.expires_ms is not None, one.key
            assert after.start - 2 * SECOND <= one.expires_ms <= after.stop + 2 * SECOND, one.key


async def test_no_key_of_the_table_is_missing(house: House) -> None:
    found = raw_keys(house.url)
    ours = [one for one in found if one.school in SCHOOLS]
    students = {(one.school, one.told["student"]) for one in of_kind("document", ours)}
    assert students == set(house.sent)
    assert {(one.school, one.told["student"]) for one in of_kind("activity", ours)} == students
    ids = {(school, one.event_id) for (school, _), events in house.sent.items() for one in events}
    assert {(one.school, one.told["event"]) for one in of_kind("processed", ours)} == ids
    assert {one.told["made"] for one in of_kind("tenant", found)} == {"brief", "endless", "oulad"}
    days = {
        (school, student, day)
        for (school, student), events in house.sent.items()
        for day in days_of(events, SCHOOLS[school].time_zone)
    }
    assert {(one.school, one.told["student"], one.told["day"]) for one in of_kind("day", ours)} == days
    assert len(of_kind("component", ours)) == 4 * len(days)


async def test_what_a_replay_needs_while_it_runs_is_under_its_school_and_goes_within_a_week(
    house: House,
) -> None:
    running = [one for one in house.running if one.kind not in TABLE]
    assert {one.kind for one in running} == set(OF_A_REPLAY)
    assert {one.school for one in running} == {*SCHOOLS, IMPORTED.tenant_id}
    ended_ms = round(time() * 1_000)
    for one in running:
        assert one.expires_ms is not None
        assert house.begun_ms + 7 * DAY < one.expires_ms <= ended_ms + 7 * DAY


async def test_documents_are_versioned_and_derived_keys_are_json_with_a_version(house: House) -> None:
    found = raw_keys(house.url)
    for one in of_kind("document", found):
        assert msgspec.msgpack.decode(one.value)[0] == VERSION
        assert decode_document(one.value).state.events > 0
    for one in of_kind("processed", found):
        record = read_processed(bytes.fromhex(one.told["event"].replace("-", "")), one.value)
        assert record is not None
    for one in of_kind("day", found):
        day = json.loads(one.value)
        assert day["v"] == 1
        components = {
            part.told["component"]: json.loads(part.value)
            for part in of_kind("component", found)
            if part.key.startswith(f"{one.key}:")
        }
        assert components == {name: {"v": 1, **value} for name, value in day["components"].items()}
    for one in of_kind("activity", found):
        assert json.loads(one.value).keys() == {"v", "active_days", "current_streak", "longest_streak"}


@pytest.mark.usefixtures("daprd")
async def test_a_sidecar_shows_the_same_over_http(house: House, tmp_path: Path) -> None:
    sidecar = sidecar_on(tmp_path / "sidecar", house.url)
    await sidecar.start()
    try:
        async with httpx.AsyncClient(base_url=sidecar.http, trust_env=False) as http:
            for one in raw_keys(house.url):
                answer = await http.get(f"/v1.0/state/statestore/{one.key}")
                assert (answer.status_code, answer.content) == (200, one.value), one.key
                assert answer.headers["etag"] == one.fields[b"version"].decode()
    finally:
        await sidecar.kill()


@pytest.mark.parametrize("kinds", [(), *((kind,) for kind in DERIVED_KINDS)], ids=str)
async def test_each_kind_of_derived_keys_can_be_turned_off(
    installation: Installation, own_redis: OwnRedis, kinds: tuple[DerivedKind, ...]
) -> None:
    installation.variables["MASTERY_STORE_URL"] = own_redis.url
    installation.variables["MASTERY_DERIVED_KEYS"] = ",".join(kinds) or "[]"
    async with installation.engine() as engine:
        assert engine.settings.derived_keys == kinds
        await send(engine, [quiz(1, when=moment(1)), quiz(2, when=moment(3))])
        await fold(engine)
    found = {one.kind for one in raw_keys(own_redis.url)}
    assert found == {"document", "processed", *kinds}
