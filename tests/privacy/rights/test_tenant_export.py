"""The export of a school: everything held on it in the form that its schema tells, and nothing of another school."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from mastery_engine.cli.new_folder import new_folder
from mastery_engine.contracts.tenant_privacy import TenantPrivacy
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import Conflict, DependencyDown
from mastery_engine.engine import tenant_export
from mastery_engine.engine.access import Caller
from mastery_engine.engine.tenant_export_form import PART_TYPES, tenant_export_schema
from mastery_engine.engine.verify_export import verify_export
from tests.api.school import School, quiz
from tests.privacy.rights.holdings import letter, lines, plant, unpacked

OPERATOR = Caller(tenant_id="default", subject="os:me", role="operator", request_id="r")


async def zipped(school: School) -> dict[str, bytes]:
    chunks = await school.engine.tenant_exports.zip(OPERATOR)
    return unpacked(b"".join([chunk async for chunk in chunks]))


async def fill(school: School) -> None:
    """Two students with something in each store, one who is gone, and a school beside them."""
    await plant(school, "amal", 1)
    await plant(school, "bo", 2)
    await school.engine.erasures.ask(OPERATOR, "leaver")
    await school.engine.settings_of_tenants.set_privacy(
        OPERATOR, TenantPrivacy(legal_basis="consent", purposes=("to teach",), controller="School", dpo="d")
    )
    ours = school.engine.adapters
    body = [quiz(student_id="norna", source="secret-of-north")]
    assert (await school.post("ingest", body, school.bearer("tutor", "service", "north"))).status_code == 202
    await school.fold()
    await ours.rosters.put(
        "north", [Cohort(cohort_id="north-class", students=(Membership(person_id="norna"),))]
    )
    await ours.dead_letters.add([letter(900, "norna", tenant_id="north")])


async def test_all_json_keeps_to_the_schema_that_lies_beside_it(school: School) -> None:
    await fill(school)
    files = await zipped(school)
    schema = json.loads(files["schema.json"])
    assert schema == tenant_export_schema()
    assert files.keys() == {*PART_TYPES, "schema.json"} == {*schema["parts"], "schema.json"}
    for name, root in schema["parts"].items():
        validator = jsonschema_rs.validator_for({**root, "$defs": schema["$defs"]})
        found = lines(files[name]) if name.endswith(".jsonl") else [json.loads(files[name])]
        assert found, name
        for one in found:
            validator.validate(one)


async def test_each_student_of_whom_something_is_in_it_finds_it_on_record(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(school)
    monkeypatch.setattr(tenant_export, "PAGE", 2)
    members = (Membership(person_id="in-a-class-alone"),)
    await school.engine.adapters.rosters.put("default", [Cohort(cohort_id="9z", students=members)])
    await school.engine.adapters.dead_letters.add([letter(901, "in-a-letter-alone")])
    await zipped(school)
    for student in ("amal", "bo", "in-a-class-alone", "in-a-letter-alone"):
        seen = (await school.get(f"students/{student}/accesses", student, "student")).json()["data"]["items"]
        assert [one["by"] for one in seen if one["action"] == "tenant.export"] == ["os:me"], student


async def test_the_schema_refuses_what_is_of_another_form(school: School) -> None:
    await fill(school)
    files = await zipped(school)
    schema = json.loads(files["schema.json"])
    for name in ("classes.jsonl", "students.jsonl", "audit.jsonl", "requests.jsonl", "events.jsonl"):
        validator = jsonschema_rs.validator_for({**schema["parts"][name], "$defs": schema["$defs"]})
        (first, *_) = lines(files[name])
        for field in list(first)[:1]:
            assert not validator.is_valid({key: value for key, value in first.items() if key != field}), name


async def test_nothing_of_another_school_and_no_open_request_by_name_is_in_it(school: School) -> None:
    await fill(school)
    files = await zipped(school)
    for name, data in files.items():
        assert b"norna" not in data, name
        assert b"north" not in data, name
        assert b"leaver" not in data, name
    assert {one["held"]["student_id"] for one in lines(files["students.jsonl"])} == {"amal", "bo"}
    assert b"secret-of-north" not in b"".join(files.values())


async def test_a_folder_has_the_same_files_and_can_be_checked(school: School, tmp_path: Path) -> None:
    await fill(school)
    folder = tmp_path / "school"
    with new_folder(folder) as parts:
        await school.engine.tenant_exports.write(OPERATOR, parts)
    assert verify_export(folder).problems == []
    assert {one.name for one in folder.iterdir()} == {*PART_TYPES, "schema.json"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir()} == {0o600}
    with pytest.raises(Conflict), new_folder(folder):
        pass
    events = folder / "events.jsonl"
    events.write_bytes(events.read_bytes().replace(b"shared", b"shbred", 1))
    (folder / "classes.jsonl").unlink()
    (folder / "more.txt").write_text("x")
    problems = "\n".join(verify_export(folder).problems)
    for told in (
        "'more.txt' is not in manifest.json",
        "'classes.jsonl' is missing",
        "'events.jsonl' is not as",
    ):
        assert told in problems


def test_a_folder_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "school"
    with pytest.raises(DependencyDown):
        half_a_folder(folder)
    assert list(tmp_path.iterdir()) == []


def half_a_folder(folder: Path) -> None:
    with new_folder(folder) as parts:
        parts.begin("a", "half")
        parts.write(b"1")
        raise DependencyDown("the store went down")
