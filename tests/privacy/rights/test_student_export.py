"""The export of a student: everything held, nothing of anybody else, safe to open."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryArchive
from mastery_engine.bootstrap.exporting import holdings_of as holdings_of_engine
from mastery_engine.contracts.student_export import FORMAT, PART_TYPES, export_schema
from mastery_engine.engine.export_tables import EVENT_COLUMNS, guarded
from mastery_engine.engine.holdings import Holdings
from mastery_engine.engine.student_export import PAGE
from mastery_engine.engine.verify_export import verify_export
from mastery_engine.ports import ArchivedEvent
from tests.api.school import NOW_MS, School, open_school, quiz
from tests.privacy.rights.holdings import HOSTILE, PATH, exported, lines, plant, unpacked

VOID = {"meta"}


async def test_something_of_every_store_is_in_it(school: School) -> None:
    await plant(school)
    files = unpacked(await exported(school))
    student = json.loads(files["student.json"])
    assert student["profile"]["courses"].keys() == {"course-1", "shared"}
    assert student["document"]["events"] == 2
    assert [one["cohort_id"] for one in student["classes"]] == ["7a", "class-1"]
    assert student["classes"][1]["start"] == "2026-01-02"
    assert [one["kind"] for one in student["requests"]] == ["restriction"]
    assert student["restricted"] is True
    assert student["school"]["legal_basis"] == "public_task"
    events = lines(files["events.jsonl"])
    assert {one["course_id"] for one in events} == {"course-1", "shared"}
    assert any(one.get("metadata") == {"note": f"meta-1 {HOSTILE}"} for one in events)
    assert [one["letter_id"][-2:] for one in lines(files["dead_letters.jsonl"])] == ["0a", "0b"]
    accesses = lines(files["accesses.jsonl"])
    assert {one["who"] for one in accesses} == {"tutor", "head-1", "head"}
    assert accesses[-1]["action"] == "student.export"
    keys = {one["key"].partition(":")[0] for one in lines(files["stored_keys.jsonl"])}
    assert keys == {"processed"}, "the derived keys of a restricted student are gone"
    await school.http.delete("/api/v1/students/amal/restriction", headers=school.bearer("head", "admin"))
    await school.teach("amal", quiz(course_id="shared"))
    again = unpacked(await exported(school))
    told = [one["key"] for one in lines(again["stored_keys.jsonl"])]
    assert "student:amal:mastery:2026-03-02:quiz" in told
    assert "student:amal:activity:recent" in told
    assert sum(one.startswith("processed:") for one in told) == 3


async def test_nothing_of_another_student_is_in_it() -> None:
    names = [f"pupil-{number:02}" for number in range(30)]
    async with open_school() as school:
        for number, name in enumerate(names):
            await plant(school, name, number + 1)
        for name in names:
            await school.query({"student_id": name}, "pupil-29", "student")
        files = unpacked(await exported(school, "pupil-07"))
        whole = b"\n".join(files.values())
        assert b"pupil-07" in whole
        for name in {*names, "somebody-else"} - {"pupil-07"}:
            assert name.encode() not in whole
            assert school.hash(name).encode() not in whole
        peeks = [one for one in lines(files["accesses.jsonl"]) if one["who"] == "another student"]
        assert [one["allowed"] for one in peeks] == [False]


@pytest.mark.parametrize(
    ("subject", "role", "status"),
    [
        ("amal", "student", 200),
        ("bo", "student", 404),
        ("ms-yun", "teacher", 403),
        ("head", "admin", 200),
        ("tutor", "service", 403),
    ],
)
async def test_students_have_their_own_and_admins_those_of_the_school(
    school: School, subject: str, role: TokenRole, status: int
) -> None:
    await school.teach("amal")
    answer = await school.http.get(PATH.format("amal"), headers=school.bearer(subject, role))
    assert answer.status_code == status
    entry = (await school.audit())[-1]
    assert (entry.action, entry.allowed) == ("student.export", status == 200)
    if status == 404:
        absent = await school.http.get(PATH.format("nobo"), headers=school.bearer(subject, role))
        assert absent.json()["error"] == answer.json()["error"]


async def test_of_whom_nothing_is_held_there_is_no_export(school: School) -> None:
    answer = await school.http.get(PATH.format("nobo"), headers=school.bearer("head", "admin"))
    assert answer.status_code == 404
    other = await school.http.get(PATH.format("amal"), headers=school.bearer("head", "admin", "north"))
    assert other.status_code == 404


async def test_all_json_keeps_to_the_schema_in_the_zip_which_is_the_one_that_is_served(
    school: School,
) -> None:
    await plant(school)
    files = unpacked(await exported(school))
    schema = json.loads(files["schema.json"])
    assert schema == export_schema()
    assert (await school.http.get("/api/v1/schemas/student-export")).json() == schema
    assert schema["parts"].keys() == PART_TYPES.keys()
    for name, root in schema["parts"].items():
        validator = jsonschema_rs.validator_for({**root, "$defs": schema["$defs"]})
        found = lines(files[name]) if name.endswith(".jsonl") else [json.loads(files[name])]
        assert found, name
        for one in found:
            validator.validate(one)


async def test_the_manifest_has_every_file_and_a_changed_zip_is_found_out(
    school: School, tmp_path: Path
) -> None:
    await plant(school)
    data = await exported(school)
    files = unpacked(data)
    manifest = json.loads(files["manifest.json"])
    assert manifest["format"] == FORMAT
    assert [part["name"] for part in manifest["parts"]] == [name for name in files if name != "manifest.json"]
    path = tmp_path / "export.zip"
    path.write_bytes(data)
    assert verify_export(path).problems == []
    for changes, problem in (
        ({"events.jsonl": files["events.jsonl"].replace(b"shared", b"shbred")}, "is not as it was made"),
        ({"events.csv": None}, "is missing"),
        ({"../evil": b"x"}, "is not in manifest.json"),
        ({"manifest.json": b"{}"}, "cannot be read"),
    ):
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in (files | changes).items():
                if content is not None:
                    packed.writestr(name, content)
        found = verify_export(path).problems
        assert len(found) == 1
        assert problem in found[0]
    path.write_bytes(data[: len(data) // 2])
    assert verify_export(path).problems == ["it is no zip, or its end is missing"]


async def test_names_in_the_zip_are_plain_and_safe(school: School) -> None:
    await plant(school)
    with zipfile.ZipFile(io.BytesIO(await exported(school))) as packed:
        for info in packed.infolist():
            assert info.filename.replace("_", "").replace(".", "").isalnum()
            assert info.external_attr >> 16 == 0o600


async def test_equal_stores_at_the_same_time_give_equal_bytes(school: School) -> None:
    await plant(school)
    exports = school.engine.student_exports
    tenant = await school.engine.tenants.get("default")
    zips: list[bytes] = []
    for _ in range(2):
        held = await holdings_of(school).of_student(tenant, "amal", NOW_MS)
        zips.append(b"".join([chunk async for chunk in exports.packed(held)]))
    assert zips[0] == zips[1]


def holdings_of(school: School) -> Holdings:
    return holdings_of_engine(school.engine)


class Page(HTMLParser):
    """Collects what a page opens, and fails where it closes something else."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_page_escapes_what_is_hostile_and_fetches_nothing(school: School) -> None:
    await plant(school)
    await school.teach("amal", quiz(topic_id="t"))
    text = unpacked(await exported(school))["index.html"].decode()
    assert HOSTILE not in text
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "a", "object"} & set(page.seen)
    assert not {"src", "href", "style"} & {name for name, _ in page.attributes}
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    for words in (
        "Quizzes",
        "Working regularly",
        "class-1",
        "head-1",
        "took out everything held on the student",
    ):
        assert words in text


async def test_classes_with_hostile_names_are_escaped(school: School) -> None:
    await plant(school)
    text = unpacked(await exported(school))["index.html"].decode()
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in text


async def test_no_cell_of_the_tables_begins_a_formula(school: School) -> None:
    await plant(school)
    files = unpacked(await exported(school))
    for name in ("events.csv", "daily_results.csv"):
        rows = list(csv.reader(io.StringIO(files[name].decode(), newline="")))
        assert len(rows) > 1, name
        assert len({len(row) for row in rows}) == 1
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    events = list(csv.DictReader(io.StringIO(files["events.csv"].decode(), newline="")))
    assert {row["source"] for row in events} == {"quiz-agent", "'=source-1"}
    assert tuple(events[0]) == EVENT_COLUMNS
    assert guarded("-5") == "'-5"
    assert guarded("5-") == "5-"


async def test_a_caller_who_takes_no_zip_gets_none(school: School) -> None:
    await school.teach("amal")
    headers = school.bearer("head", "admin") | {"Accept": "application/json"}
    answer = await school.http.get(PATH.format("amal"), headers=headers)
    assert answer.status_code == 406
    assert not [one for one in await school.audit() if one.action == "student.export"]


class SmallPages(MemoryArchive):
    """Notes how large the pages were."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    async def page_of_student(
        self, tenant_id: str, student_id: str, after: ArchivedEvent | None, limit: int
    ) -> list[ArchivedEvent]:
        page = await super().page_of_student(tenant_id, student_id, after, limit)
        self.largest = max(self.largest, len(page))
        return page


async def test_many_events_are_read_in_pages_and_sent_as_they_are_read() -> None:
    archive = SmallPages()
    async with open_school(archive=archive) as other:
        await archive.add([_event(n) for n in range(5_000)])
        exports = other.engine.student_exports
        held = await holdings_of(other).of_student(await other.engine.tenants.get("default"), "amal", NOW_MS)
        chunks = [chunk async for chunk in exports.packed(held)]
    assert archive.largest == PAGE
    assert len(chunks) > 10
    assert max(map(len, chunks)) < sum(map(len, chunks)) / 5
    assert len(lines(unpacked(b"".join(chunks))["events.jsonl"])) == 5_000


def _event(number: int) -> ArchivedEvent:
    event_id = f"00000000-0000-4000-9000-{number:012x}"
    noise = sha256(b"%d" % number).hexdigest() * 7
    return ArchivedEvent(
        tenant_id="default",
        event_id=event_id,
        student_id="amal",
        day=20_000 + number % 90,
        timestamp=(20_000 + number % 90) * 86_400_000 + number,
        topic_id="t",
        partition=number % 6,
        offset=number,
        appended_ms=NOW_MS,
        value=json.dumps(quiz(event_id=event_id, metadata={"note": noise})).encode(),
    )
