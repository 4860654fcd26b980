"""OneRoster 1.2 in CSV: what is read, what is refused, and bounds."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mastery_engine.adapters.files import one_roster_files
from mastery_engine.adapters.files.one_roster import OneRosterIds, read_one_roster
from mastery_engine.domain.enrolment import Enrolment, PersonRole
from mastery_engine.domain.errors import InvalidInput

EXAMPLE = Path(__file__).parents[3] / "docs/examples/oneroster"
OURS = OneRosterIds(student="username", teacher="username", cohort="classCode")
PLAIN = OneRosterIds()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "export"))


def edit(export: Path, name: str, change: Callable[[str], str]) -> None:
    path = export / f"{name}.csv"
    path.write_text(change(path.read_text("utf-8")), "utf-8")


def add(export: Path, name: str, line: str) -> None:
    edit(export, name, lambda text: f"{text}{line}\n")


def zipped(folder: Path, prefix: str = "") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path


def problems_of(path: Path, ids: OneRosterIds = PLAIN) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read_one_roster(path, ids)
    return [(one.field, one.value) for one in caught.value.problems]


PEOPLE: list[tuple[PersonRole, str, date]] = [
    ("teacher", "ms-lovelace", date(2027, 7, 15)),
    ("student", "ada-01", date(2027, 7, 15)),
    ("student", "ben-01", date(2026, 12, 23)),
    ("student", "chloe-01", date(2027, 7, 15)),
]


def test_a_class_and_its_people_are_read_and_a_last_day_is_the_day_before_the_end(export: Path) -> None:
    expected = [
        Enrolment(cohort_id="class-7b", name="Python for beginners"),
        *(
            Enrolment(
                cohort_id="class-7b",
                name="Python for beginners",
                role=role,
                person_id=person_id,
                start=date(2026, 9, 1),
                end=end,
            )
            for role, person_id, end in PEOPLE
        ),
    ]
    assert read_one_roster(export, OURS) == expected
    assert read_one_roster(zipped(export), OURS) == expected


def test_ids_come_from_the_columns_that_are_chosen(export: Path) -> None:
    found = read_one_roster(export, OneRosterIds(student="identifier", teacher="username"))
    assert [one.person_id for one in found] == ["", "ms-lovelace", "S101", "S102", "S103"]
    assert found[0].cohort_id == "cl-7b"


def test_marks_and_ends_of_lines_of_other_systems_are_taken(export: Path) -> None:
    for file in export.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read_one_roster(export, OURS)) == 5


def test_what_is_to_be_deleted_is_not_there(export: Path) -> None:
    edit(export, "enrollments", lambda text: text.replace("e-2,,", "e-2,tobedeleted,"))
    edit(export, "enrollments", lambda text: text.replace("e-3,,", "e-3,active,"))
    assert [one.person_id for one in read_one_roster(export, OURS)][1:] == [
        "ms-lovelace",
        "ben-01",
        "chloe-01",
    ]


def test_other_roles_are_passed_over_and_unknown_ones_refused(export: Path) -> None:
    add(export, "enrollments", "e-8,,,cl-7b,org-1,u-900,administrator,,,")
    assert len(read_one_roster(export, OURS)) == 5
    add(export, "enrollments", "e-9,,,cl-7b,org-1,u-900,head,,,")
    assert problems_of(export) == [("enrollments.csv line 7, role", "head")]


def test_an_id_that_does_not_fit_is_refused_once_and_never_cut(export: Path) -> None:
    edit(export, "users", lambda text: text.replace(",ada-01,", ",ada@hill.example,"))
    add(export, "enrollments", "e-8,,,cl-7b,org-1,u-101,student,,2025-09-01,2026-07-01")
    assert problems_of(export, OURS) == [("users.csv line 2, username", "ada@hill.example")]
    edit(export, "users", lambda text: text.replace("u-101,", "u-" + "1" * 60 + ","))
    edit(export, "enrollments", lambda text: text.replace("u-101,", "u-" + "1" * 60 + ","))
    assert problems_of(export) == [("users.csv line 2, sourcedId", "u-" + "1" * 60)]


def test_one_id_of_two_people_or_classes_is_refused(export: Path) -> None:
    edit(export, "users", lambda text: text.replace(",ben-01,", ",ada-01,"))
    assert problems_of(export, OURS) == [("users.csv line 3, username", "ada-01")]
    add(export, "classes", "cl-7c,,,Again,07,course-1,class-7b,scheduled,,org-1,,,,")
    assert problems_of(export, OURS) == [("classes.csv line 3, classCode", "class-7b")]


@pytest.mark.parametrize(
    ("name", "line", "where"),
    [
        ("enrollments", "e-9,,,cl-none,org-1,u-101,student,,,", "line 6, classSourcedId"),
        ("enrollments", "e-9,,,cl-7b,org-1,u-none,student,,,", "line 6, userSourcedId"),
        ("enrollments", "e-1,,,cl-7b,org-1,u-101,student,,,", "line 6, sourcedId"),
        ("enrollments", ",,,cl-7b,org-1,u-101,student,,,", "line 6, sourcedId"),
        ("enrollments", "e-9,inactive,,cl-7b,org-1,u-101,student,,,", "line 6, status"),
        ("enrollments", "e-9,,,cl-7b,org-1,u-101,teacher,yes,,", "line 6, primary"),
        ("enrollments", "e-9,,,cl-7b,org-1,u-101,student,,2026-09-01,2026-09-01", "line 6, endDate"),
        ("enrollments", "e-9,,,cl-7b,org-1,u-101,student,,20260901,", "line 6, beginDate"),
        ("classes", "cl-9,,,Nine,07,course-9,c9,scheduled,,org-1,,,,", "line 3, courseSourcedId"),
        ("classes", "cl-9,,,Nine,07,course-1,c9,scheduled,,org-9,,,,", "line 3, schoolSourcedId"),
        ("classes", "cl-9,,,Nine,07,course-1,c9,scheduled,,org-1,term-9,,,", "line 3, termSourcedIds"),
        ("classes", "cl 9,,,Nine,07,course-1,c9,scheduled,,org-1,,,,", "line 3, sourcedId"),
    ],
)
def test_what_does_not_fit_together_is_named_with_file_and_line(
    export: Path, name: str, line: str, where: str
) -> None:
    add(export, name, line)
    assert [field for field, _ in problems_of(export)] == [f"{name}.csv {where}"]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("file.enrollments,bulk", "file.enrollments,delta", "manifest.csv, file.enrollments"),
        ("file.users,bulk", "file.users,absent", "manifest.csv, file.users"),
        ("oneroster.version,1.2", "oneroster.version,1.0", "manifest.csv, oneroster.version"),
        ("file.orgs,bulk", "file.orgs,Bulk", "manifest.csv, file.orgs"),
    ],
)
def test_an_export_of_another_kind_is_refused(export: Path, old: str, new: str, where: str) -> None:
    edit(export, "manifest", lambda text: text.replace(old, new))
    assert [field for field, _ in problems_of(export)] == [where]


def test_a_delta_says_what_to_do(export: Path) -> None:
    edit(export, "manifest", lambda text: text.replace("file.users,bulk", "file.users,delta"))
    with pytest.raises(InvalidInput, match="in bulk"):
        read_one_roster(export, PLAIN)


def test_files_that_are_missing_are_named(export: Path) -> None:
    (export / "users.csv").unlink()
    assert problems_of(export) == [("", "users.csv")]
    (export / "manifest.csv").unlink()
    assert problems_of(export) == [("", "manifest.csv")]
    assert problems_of(zipped(Path(shutil.copytree(EXAMPLE, export.parent / "deep")), "deep/")) == [
        ("", "manifest.csv")
    ]


def test_without_terms_and_courses_a_class_has_no_days_of_its_own(export: Path) -> None:
    for name in ("academicSessions", "courses"):
        (export / f"{name}.csv").unlink()
        edit(export, "manifest", lambda text, name=name: text.replace(f"{name},bulk", f"{name},absent"))
    assert [(one.start, one.end) for one in read_one_roster(export, OURS)][2] == (None, None)


def test_a_zip_that_spreads_without_bound_is_not_spread(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_roster_files, "MOST_BYTES", 100_000)
    (export / "users.csv").write_bytes(b"a" * 50_000_000)
    path = zipped(export)
    assert path.stat().st_size < 100_000
    assert problems_of(path) == [("", "users.csv")]
    assert problems_of(export) == [("", "users.csv")]


def test_a_zip_of_too_many_files_or_none_at_all_is_refused(tmp_path: Path) -> None:
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(one_roster_files.MOST_ENTRIES + 1):
            archive.writestr(f"{number}.csv", "")
    assert problems_of(many) == [("", "many.zip")]
    none = tmp_path / "none.zip"
    none.write_bytes(b"PK no zip")
    assert problems_of(none) == [("", "none.zip")]


def test_a_damaged_zip_is_refused(export: Path) -> None:
    path = zipped(export)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("users.csv").header_offset + 60
    data[place : place + 20] = b"\xff" * 20
    path.write_bytes(data)
    assert problems_of(path) == [("", "users.csv")]


def test_ten_thousand_students_are_read(tmp_path: Path) -> None:
    export = Path(shutil.copytree(EXAMPLE, tmp_path / "export"))
    users = "".join(f"s-{n},,,true,s{n},,G,F,,,,,,,,\n" for n in range(10_000))
    lines = "".join(f"x-{n}-{m},,,cl-7b,org-1,s-{n},student,,,\n" for n in range(10_000) for m in range(5))
    edit(export, "users", lambda text: text + users)
    edit(export, "enrollments", lambda text: text + lines)
    assert len(read_one_roster(export, PLAIN)) == 50_005


@pytest.mark.parametrize("made", ["name", "version", "lzma"])
def test_a_zip_that_was_made_to_break_its_reader_is_refused(export: Path, made: str) -> None:
    path = export.with_suffix(".zip")
    method = zipfile.ZIP_LZMA if made == "lzma" else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.write(export / "manifest.csv", "manifest.csv")
        archive.writestr("\u00e9.csv", "")
    raw = bytearray(path.read_bytes())
    entry = raw.find(b"PK\x01\x02")
    if made == "name":
        raw = raw.replace("\u00e9".encode(), b"\xff\xfe")
    elif made == "version":
        raw[entry + 6] = 0xFF
    else:
        # The first file's bytes, behind its name and the properties of the method.
        begin = raw.find(b"manifest.csv") + len(b"manifest.csv") + 14
        raw[begin : begin + 20] = bytes(one ^ 0x5A for one in raw[begin : begin + 20])
    path.write_bytes(raw)
    assert [field for field, _ in problems_of(path)] == [""]
