"""A school leaves with all that is held on it, and can begin elsewhere."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.cli.conftest import Mastery
from tests.cli.test_privacy_rights import EVENT

PARTS = {
    "tenant.json",
    "classes.jsonl",
    "students.jsonl",
    "events.jsonl",
    "dead_letters.jsonl",
    "audit.jsonl",
    "requests.jsonl",
    "schema.json",
    "manifest.json",
}


def test_a_school_is_exported_whole_and_its_events_can_be_sent_elsewhere(
    mastery: Mastery, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(EVENT)
    for tenant in ("north", "south"):
        assert mastery("tenant", "create", tenant, "--retention", "none").code == 0
    assert mastery("ingest", file, "--tenant", "north").code == 0
    assert mastery("privacy", "restrict", "ada", "--tenant", "north").code == 0
    to = tmp_path / "north.zip"
    assert mastery("tenant", "export", "nowhere", "--to", to).code == 4
    assert mastery("tenant", "export", "north", "--to", to).code == 0
    assert mastery("privacy", "verify-export", to).code == 0
    folder = tmp_path / "north"
    assert mastery("tenant", "export", "north", "--to", folder, "--folder").code == 0
    assert mastery("tenant", "export", "north", "--to", folder, "--folder").code == 1
    assert mastery("privacy", "verify-export", folder).code == 0
    assert {one.name for one in folder.iterdir()} == PARTS
    with zipfile.ZipFile(to) as packed:
        parts = {name: packed.read(name).splitlines() for name in packed.namelist()}
        packed.extract("events.jsonl", tmp_path / "out")
    assert parts.keys() == PARTS
    (student,) = map(json.loads, parts["students.jsonl"])
    assert (student["held"]["student_id"], student["held"]["restricted"]) == ("ada", True)
    audit = [json.loads(line)["entry"] for line in parts["audit.jsonl"]]
    assert audit[-1]["action"] == "tenant.export"
    assert any(student["pseudonym"] in one["subjects"] for one in audit)
    (request,) = map(json.loads, parts["requests.jsonl"])
    assert request["kind"] == "restriction"
    assert mastery("ingest", tmp_path / "out" / "events.jsonl", "--tenant", "south").code == 0
    assert mastery("show", "ada", "--tenant", "south").code == 0
