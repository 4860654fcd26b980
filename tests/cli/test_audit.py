"""`mastery audit`: the chain is proven, and operators read the last records."""

from __future__ import annotations

import sqlite3
from getpass import getuser
from pathlib import Path

import pytest

from mastery_engine.contracts.audit_views import AuditItem
from tests.cli.conftest import Mastery, quiz, write_lines


@pytest.fixture
def read_thrice(mastery: Mastery, tmp_path: Path) -> Mastery:
    mastery("ingest", write_lines(tmp_path / "events.jsonl", quiz(1), quiz(2, student_id="ben-01")))
    for student in ("ada-01", "ben-01", "ada-01"):
        assert mastery("show", student).code == 0
    return mastery


def change(home: Path, statement: str, file: str = "archive.db") -> None:
    connection = sqlite3.connect(home / file)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def delete_the_trail(home: Path) -> None:
    for table in ("audit_records", "audit_subjects", "audit_chains"):
        change(home, f"DELETE FROM {table}")  # noqa: S608 - names from above


def test_a_chain_that_nobody_touched_holds(read_thrice: Mastery) -> None:
    done = read_thrice("audit", "verify")
    assert done.code == 0
    assert "school default: " in done.out
    report, register = read_thrice("audit", "verify", "--tenant", "default", "--json").data
    assert (report["broken_at"], report["problem"], report["sealed"]) == (None, None, True)
    assert (register["tenant_id"], register["records"]) == ("", 1)
    assert report["records"] >= 5
    assert read_thrice("audit", "verify", "--tenant", "nowhere").code == 4


def test_without_a_record_there_is_nothing_to_break(mastery: Mastery) -> None:
    assert "no audit record yet" in mastery("audit", "verify").out
    assert "audit.read" in mastery("audit", "list").out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET entry = replace(entry, 'true', 'false') WHERE sequence = 2",
        "DELETE FROM audit_records WHERE sequence = 2",
    ],
)
def test_the_first_record_that_was_changed_or_taken_out_is_named(
    read_thrice: Mastery, home: Path, statement: str
) -> None:
    change(home, statement)
    done = read_thrice("audit", "verify")
    assert done.code == 1
    assert "BROKEN at record 2" in done.out
    assert "1 record before it holds" in done.out
    report, _ = read_thrice("audit", "verify", "--json").data
    assert (report["records"], report["broken_at"]) == (1, 2)


def test_a_break_behind_the_first_page_is_found(
    read_thrice: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mastery_engine.engine.audit.PAGE", 1)
    assert read_thrice("audit", "verify").code == 0
    change(home, "UPDATE audit_records SET hash = previous WHERE sequence = 3")
    assert read_thrice("audit", "verify", "--json").data[0]["broken_at"] == 3


@pytest.mark.parametrize(
    ("statement", "last"),
    [("DELETE FROM audit_records WHERE sequence > 2", 2), ("DELETE FROM audit_records", 0)],
)
def test_records_cut_off_the_end_are_missed(
    read_thrice: Mastery, home: Path, statement: str, last: int
) -> None:
    change(home, statement)
    report, _ = read_thrice("audit", "verify", "--json").data
    assert (report["records"], report["broken_at"]) == (last, last + 1)
    assert read_thrice("audit", "verify").code == 1


def test_a_hash_seen_before_shows_whether_the_trail_was_made_anew(read_thrice: Mastery, home: Path) -> None:
    report, _ = read_thrice("audit", "verify", "--json").data
    seen = report["last_hash"]
    assert read_thrice("audit", "verify", "--seen", seen.upper()).code == 0
    delete_the_trail(home)
    # The witness too, and without it nothing here knows of an earlier trail.
    change(home, "DELETE FROM entries WHERE key LIKE 'audit-witness:%'", "state.db")
    assert read_thrice("show", "ada-01").code == 0
    assert read_thrice("audit", "verify").code == 0
    done = read_thrice("audit", "verify", "--seen", seen)
    assert done.code == 1
    assert f"LOST: no record has the hash {seen}" in done.out


def test_a_trail_deleted_whole_is_broken_and_stays_so(read_thrice: Mastery, home: Path) -> None:
    assert read_thrice("tenant", "create", "north").code == 0
    assert read_thrice("audit", "verify").code == 0
    delete_the_trail(home)
    for _ in range(2):
        done = read_thrice("audit", "verify")
        assert done.code == 1
        assert "school default: BROKEN, its witness in the state store saw record" in done.out
        assert "school north: BROKEN" in done.out
        assert "heads: BROKEN" in done.out
        assert read_thrice("audit", "verify", "--tenant", "north").code == 1
        assert read_thrice("show", "ada-01").code == 0


def test_the_making_of_a_school_is_on_record_so_that_a_school_without_a_record_is_broken(
    mastery: Mastery, home: Path
) -> None:
    assert mastery("tenant", "create", "north").code == 0
    assert mastery("tenant", "create", "north").code != 0
    (made,) = mastery("audit", "list", "--tenant", "north", "--action", "tenants.write", "--json").data
    assert made["detail"] == {"step": "made"}
    delete_the_trail(home)
    change(home, "DELETE FROM entries WHERE key LIKE 'audit-witness:%'", "state.db")
    done = mastery("audit", "verify")
    assert done.code == 1
    assert "school north: BROKEN, it has no record" in done.out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET entry = CAST(x'ff' AS TEXT) WHERE sequence = 2",
        "UPDATE audit_records SET entry = 7 WHERE sequence = 2",
        "UPDATE audit_records SET hash = 'text', previous = 7 WHERE sequence = 2",
        "UPDATE audit_records SET sequence = 'two' WHERE sequence = 2",
        "UPDATE audit_chains SET sequence = 'x'",
        "UPDATE audit_chains SET hash = 'x'",
        "UPDATE audit_chains SET day = 'x'",
        "UPDATE audit_chains SET seal = CAST(x'ff' AS TEXT)",
        "UPDATE audit_chains SET seal = x'ff'",
        "UPDATE audit_chains SET tenant_id = CAST(x'ff' AS TEXT) WHERE tenant_id <> ''",
        "UPDATE audit_chains SET tenant_id = x'ff' WHERE tenant_id = ''",
        "UPDATE audit_subjects SET subject = CAST(x'ff' AS TEXT) WHERE sequence = 2 AND subject LIKE 'actor:%'",
        "UPDATE audit_subjects SET subject = CAST(subject AS BLOB)",
        "UPDATE audit_subjects SET sequence = 'two' WHERE sequence = 2",
    ],
)
@pytest.mark.parametrize("page", [1, 1_000])
def test_what_a_file_cannot_even_be_read_for_is_broken_and_nothing_falls_over(
    read_thrice: Mastery, home: Path, statement: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mastery_engine.engine.audit.PAGE", page)
    monkeypatch.setattr("mastery_engine.engine.audit_verify.LINES", page)
    change(home, statement)
    done = read_thrice("audit", "verify")
    assert done.code == 1
    assert "BROKEN" in done.out
    read_thrice("audit", "list")
    read_thrice("audit", "heads")


@pytest.mark.parametrize("table", ["audit_records", "audit_subjects", "audit_chains"])
def test_a_table_that_is_gone_is_told(read_thrice: Mastery, home: Path, table: str) -> None:
    change(home, f"DROP TABLE {table}")
    done = read_thrice("audit", "verify")
    assert done.code == 1
    assert f"archive.db was damaged: no such table: {table}" in " ".join(done.err.split())


def test_the_last_records_are_listed_without_a_students_id(read_thrice: Mastery) -> None:
    shown = read_thrice("audit", "list")
    assert "mastery.read" in shown.out
    assert "os:" in shown.out
    assert "ada-01" not in shown.out
    assert "ben-01" not in shown.out
    last = read_thrice("audit", "list", "--limit", 1, "--json").data
    assert [record["action"] for record in last] == ["audit.read"]
    # As GET /audit tells it.
    assert list(last[0]) == list(AuditItem.__struct_fields__)
    assert last[0]["at"].endswith("Z")


def test_records_about_one_student_are_found_and_the_look_is_on_record(read_thrice: Mastery) -> None:
    about = read_thrice("audit", "list", "--student", "ben-01", "--json").data
    everything = read_thrice("audit", "list", "--json").data
    assert 0 < len(about) < len(everything)
    subjects = {subject for record in about for subject in record["subjects"]}
    assert len(subjects) == 1
    again = read_thrice("audit", "list", "--student", "ben-01", "--json").data
    assert again[-1]["action"] == "audit.read"
    assert again[-1]["actor"] == f"os:{getuser()}"
    assert len(again) == len(about) + 1


def test_records_are_found_by_who_did_what_and_when(read_thrice: Mastery) -> None:
    reads = read_thrice("audit", "list", "--action", "mastery.read", "--json").data
    assert {record["action"] for record in reads} == {"mastery.read"}
    actor = reads[0]["actor"]
    assert len(read_thrice("audit", "list", "--actor", actor, "--action", "mastery.read", "--json").data) == 3
    assert read_thrice("audit", "list", "--refused", "--json").data == []
    request = reads[0]["request_id"]
    found = read_thrice("audit", "list", "--request", request, "--json").data
    assert reads[0] in found
    assert {record["request_id"] for record in found} == {request}
    assert read_thrice("audit", "list", "--request", "no-such", "--json").data == []
    assert read_thrice("audit", "list", "--to", "2020-01-01", "--json").data == []
    assert (
        read_thrice("audit", "list", "--from", "2020-01-01", "--action", "mastery.read", "--json").data
        == reads
    )


def test_heads_are_printed_to_be_kept_elsewhere(read_thrice: Mastery, home: Path) -> None:
    shown = read_thrice("audit", "heads")
    assert shown.code == 0
    assert "opened  school default, record 0" in shown.out
    (head,) = read_thrice("audit", "heads", "--tenant", "default", "--json").data
    assert (head["kind"], head["tenant_id"], head["sequence"]) == ("audit.opened", "default", 0)
    change(home, "UPDATE audit_chains SET seal = 'x' WHERE tenant_id = ''")
    assert read_thrice("audit", "heads").code == 1


def test_a_record_put_in_behind_the_end_shows_though_the_look_cannot_be_recorded(
    read_thrice: Mastery, home: Path
) -> None:
    change(
        home,
        "INSERT INTO audit_records SELECT chain, sequence + 1, hash, hash, entry FROM audit_records "
        "WHERE chain = (SELECT chain FROM audit_chains WHERE tenant_id = 'default') ORDER BY sequence DESC LIMIT 1",
    )
    done = read_thrice("audit", "verify")
    assert done.code == 1
    assert "BROKEN at record" in done.out
