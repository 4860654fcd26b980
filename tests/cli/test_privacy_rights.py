"""Exports, restrictions and what a school says of its processing, from the command line."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.cli.conftest import Mastery

EVENT = (
    '{"event_id":"00000000-0000-4000-8000-0000000000a1","event_type":"quiz.performance.submitted",'
    '"timestamp":"2014-02-01T08:00:00Z","tenant_id":"north","student_id":"ada","source":"s","quiz_id":"q",'
    '"total_questions":10,"correct_answers":8,"time_spent":60}\n'
)


def _taught(mastery: Mastery, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(EVENT)
    assert mastery("tenant", "create", "north", "--retention", "none").code == 0
    assert mastery("ingest", file, "--tenant", "north").code == 0


def test_an_export_is_made_whole_and_can_be_checked(mastery: Mastery, tmp_path: Path) -> None:
    _taught(mastery, tmp_path)
    to = tmp_path / "ada.zip"
    assert mastery("privacy", "export", "nobody", "--to", to, "--tenant", "north").code == 4
    assert not to.exists()
    assert mastery("privacy", "export", "ada", "--to", to, "--tenant", "north").code == 0
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert "is sound" in mastery("privacy", "verify-export", to).out
    assert mastery("privacy", "export", "ada", "--to", to, "--tenant", "north").code == 1
    assert mastery("privacy", "export", "no student", "--to", tmp_path / "x.zip").code == 2
    to.write_bytes(to.read_bytes()[:-50])
    broken = mastery("privacy", "verify-export", to, "--json")
    assert (broken.code, len(broken.data["problems"])) == (1, 1)


def test_a_restricted_student_is_not_shown_until_it_is_lifted(mastery: Mastery, tmp_path: Path) -> None:
    _taught(mastery, tmp_path)
    assert mastery("privacy", "restrict", "ada", "--tenant", "north", "--json").data["restricted"]
    assert mastery("show", "ada", "--tenant", "north").code == 4
    assert mastery("privacy", "export", "ada", "--to", tmp_path / "a.zip", "--tenant", "north").code == 0
    assert "no longer restricted" in mastery("privacy", "unrestrict", "ada", "--tenant", "north").out
    assert "not restricted" in mastery("privacy", "unrestrict", "ada", "--tenant", "north").out
    assert mastery("show", "ada", "--tenant", "north").code == 0


def test_a_school_says_on_which_ground_it_works(mastery: Mastery) -> None:
    assert mastery("tenant", "create", "north").code == 0
    assert mastery("tenant", "show", "north", "--json").data["privacy"]["legal_basis"] == "public_task"
    said = ("--legal-basis", "consent", "--controller", "North, Main Street 1", "--purpose", "to teach")
    assert mastery("tenant", "set", "north", *said).code == 0
    assert mastery("tenant", "set", "north", "--dpo", "dpo@north.example").code == 0
    privacy = mastery("tenant", "show", "north", "--json").data["privacy"]
    assert privacy["legal_basis"] == "consent"
    assert (privacy["purposes"], privacy["dpo"]) == (["to teach"], "dpo@north.example")
    assert "North, Main Street 1" in mastery("tenant", "show", "north").out
    assert mastery("tenant", "set", "north", "--legal-basis", "because").code == 2
    assert mastery("tenant", "set", "nowhere", "--dpo", "x").code == 4
    records = mastery("audit", "list", "--tenant", "north", "--json").data
    assert "tenants.write" in str(records)
