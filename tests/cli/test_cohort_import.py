"""`mastery cohort import`: what changes, and what does not."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Mastery

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
HEADER = "cohort_id,name,role,person_id,start,end\n"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "roster.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_a_dry_run_shows_the_change_and_makes_none(mastery: Mastery) -> None:
    looked = mastery("cohort", "import", EXAMPLES / "classes.csv", "--dry-run")
    assert looked.code == 0
    assert "class class-7b (Python for beginners), new" in looked.out
    assert "  students, join: ada-01, ben-01, chloe-01" in looked.out
    assert "2 classes: 2 would change, 0 as before" in looked.out
    assert mastery("cohort", "list", "--json").data == []


def test_who_is_not_in_the_file_leaves_its_classes_and_no_others(mastery: Mastery, tmp_path: Path) -> None:
    assert mastery("cohort", "import", EXAMPLES / "classes.csv").code == 0
    file = written(tmp_path, "class-7b,,student,ada-01,,", "class-7b,,student,elif-01,,")
    told = mastery("cohort", "import", file, "--json").data
    (change,) = told["changes"]
    assert change["students"] == {"join": ["elif-01"], "leave": ["ben-01", "chloe-01"], "change": []}
    assert change["teachers"]["leave"] == ["ms-lovelace"]
    listed = [one["cohort_id"] for one in mastery("cohort", "list", "--json").data]
    kept = {name: mastery("cohort", "show", name, "--json").data for name in listed}
    ends = {one["person_id"]: one["end"] for one in kept["class-7b"]["students"]}
    assert ends["ada-01"] is None
    assert ends["ben-01"] < told["day"]
    assert kept["class-7b"]["name"] == "Python for beginners"
    assert [one["end"] for one in kept["class-7c"]["students"]] == [None]


def test_with_merge_everybody_stays(mastery: Mastery, tmp_path: Path) -> None:
    mastery("cohort", "import", EXAMPLES / "classes.csv")
    file = written(tmp_path, "class-7b,,student,elif-01,,")
    (change,) = mastery("cohort", "import", file, "--mode", "merge", "--json").data["changes"]
    assert change["students"] == {"join": ["elif-01"], "leave": [], "change": []}


def test_the_same_file_again_changes_nothing_and_leaves_no_record_of_anybody(mastery: Mastery) -> None:
    mastery("cohort", "import", EXAMPLES / "classes.csv")
    before = len(mastery("audit", "list", "--json").data)
    again = mastery("cohort", "import", EXAMPLES / "classes.csv", "--json").data
    assert (again["classes"], again["unchanged"], again["changes"]) == (2, 2, [])
    # The listing above is the one record.
    assert len(mastery("audit", "list", "--json").data) <= before + 1


def test_a_file_with_a_mistake_changes_nothing(mastery: Mastery, tmp_path: Path) -> None:
    file = written(tmp_path, "class-9,,student,ada-01,,", "class-9,,student,ada 02,,")
    refused = mastery("cohort", "import", file)
    assert refused.code == 2
    assert "line 3, person_id" in refused.err
    assert mastery("cohort", "list", "--json").data == []
    assert mastery("cohort", "import", tmp_path / "nowhere.csv").code == 2


def test_a_oneroster_export_is_taken_with_the_ids_that_are_chosen(mastery: Mastery) -> None:
    taken = mastery(
        "cohort",
        "import",
        EXAMPLES / "oneroster",
        "--student-id",
        "username",
        "--teacher-id",
        "username",
        "--json",
    )
    (change,) = taken.data["changes"]
    assert change["students"]["join"] == ["ada-01", "ben-01", "chloe-01"]
    assert change["teachers"]["join"] == ["ms-lovelace"]
    assert mastery("cohort", "import", EXAMPLES / "oneroster").code == 0


def test_the_change_is_on_record_with_the_students_concerned(mastery: Mastery) -> None:
    mastery("cohort", "import", EXAMPLES / "classes.csv")
    about = mastery("audit", "list", "--student", "ben-01", "--json").data
    assert "cohorts.write" in {one["action"] for one in about}
    assert "ben-01" not in str(about)
