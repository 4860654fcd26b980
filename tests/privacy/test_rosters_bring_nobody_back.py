"""An import of classes, from whatever file and into whatever store, does not bring an erased student back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mastery_engine.adapters.files.one_roster import OneRosterIds, read_one_roster
from mastery_engine.adapters.files.roster_csv import read_roster
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.enrolment import Enrolment, Mode
from tests.privacy.leaving import ANNA, Leaving, admin

EXPORT = Path(__file__).parents[2] / "docs/examples/oneroster"
CSV = f"cohort_id,name,role,person_id\n8c,,teacher,ms-oh\n8c,,student,{ANNA}\n8c,,student,carl\n".encode()


def from_csv(_folder: Path) -> list[Enrolment]:
    return read_roster(CSV)


def from_one_roster(folder: Path) -> list[Enrolment]:
    export = Path(shutil.copytree(EXPORT, folder / "export"))
    users = export / "users.csv"
    users.write_text(users.read_text("utf-8").replace("ada-01", ANNA), "utf-8")
    return read_one_roster(export, OneRosterIds(student="username", teacher="username"))


@pytest.mark.parametrize("mode", ["replace", "merge"])
@pytest.mark.parametrize("read", [from_csv, from_one_roster])
async def test_an_erased_student_is_passed_over(
    school: Leaving, tmp_path: Path, read: Callable[[Path], list[Enrolment]], mode: Mode
) -> None:
    enrolments = read(tmp_path)
    assert ANNA in {one.person_id for one in enrolments}
    request = await school.erase()
    take, rosters = school.engine.roster_import.take, school.engine.adapters.rosters
    looked = await take(admin(), enrolments, mode=mode, dry_run=True, source="file")
    report = await take(admin(), enrolments, mode=mode, dry_run=False, source="file")
    assert looked.changes == report.changes
    joined = {person for change in report.changes for person in change.students.join}
    assert joined
    assert ANNA not in joined
    cohorts = await rosters.list("default")
    assert ANNA not in str(cohorts)
    audit = await school.engine.adapters.audit.read("default")
    hashed = school.engine.pseudonyms.of("default", ANNA)
    assert not [one for one in audit if hashed in one.entry.subjects and one.entry.action == "cohorts.write"]
    again = await take(admin(), enrolments, mode=mode, dry_run=False, source="file")
    assert again.changes == ()
    other = await take(admin("other"), enrolments, mode=mode, dry_run=False, source="file")
    assert ANNA in {person for change in other.changes for person in change.students.join}
    await school.engine.erasures.lift(admin(), request.request_id)
    lifted = await take(admin(), enrolments, mode=mode, dry_run=False, source="file")
    assert {person for change in lifted.changes for person in change.students.join} == {ANNA}


async def test_who_is_erased_while_an_import_writes_is_taken_out_again(
    in_memory: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    rosters = in_memory.engine.adapters.rosters
    replace = rosters.replace

    async def late(tenant_id: str, cohort_id: str, before: Cohort | None, after: Cohort | None) -> bool:
        monkeypatch.undo()
        await in_memory.erase()
        return await replace(tenant_id, cohort_id, before, after)

    monkeypatch.setattr(rosters, "replace", late)
    await in_memory.engine.roster_import.take(
        admin(), read_roster(CSV), mode="replace", dry_run=False, source="csv"
    )
    (kept,) = await rosters.list("default")
    assert kept.students == (Membership(person_id="carl"),)
