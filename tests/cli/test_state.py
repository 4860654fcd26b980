"""Looking into the state store, and finishing what a fault left there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Mastery, quiz, write_lines


def sent(home: Path) -> list[bytes]:
    """Everything sent to other services."""
    with closing(sqlite3.connect(home / "log.db")) as log:
        rows = log.execute("SELECT value FROM records ORDER BY place").fetchall()
    values = [bytes(row[0]) for row in rows]
    return [value for value in values if b'"source":"mastery-engine"' in value]


def test_outputs_that_are_not_known_to_be_sent_are_sent_again(
    mastery: Mastery, home: Path, tmp_path: Path
) -> None:
    event = quiz(1)
    mastery("ingest", write_lines(tmp_path / "events.jsonl", event))
    first = sent(home)
    assert len(first) == 2
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        state.execute("DELETE FROM uuid_entries")
    assert mastery("state", "show", f"processed:{event['event_id']}").code == 4
    assert mastery("state", "complete", "--json").data == {"finished": 1}
    assert sorted(sent(home)) == sorted(first * 2)
    assert mastery("state", "show", f"processed:{event['event_id']}").code == 0
    done = mastery("state", "complete")
    assert (done.code, done.out) == (0, "nothing was unfinished\n")
    assert mastery("replay", "--all", "--dry-run", "--json").data["equal"] == 1


def test_what_waits_in_the_log_is_folded_first(mastery: Mastery, home: Path, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "events.jsonl", quiz(1)))
    with closing(sqlite3.connect(home / "log.db")) as log, log:
        log.execute("DELETE FROM commits")
    assert mastery("state", "complete", "--json").data == {"finished": 0}
    with closing(sqlite3.connect(home / "log.db")) as log:
        assert log.execute("SELECT count(*) FROM commits").fetchone()[0] > 0


def test_a_look_at_what_may_name_students_unseen_is_on_record_too(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "events.jsonl", quiz(1)))
    mastery("state", "show", "jobs:open")
    looks = [one for one in mastery("audit", "list", "--json").data if one["action"] == "state.read"]
    assert [(one["actor"][:3], one["subjects"]) for one in looks] == [("os:", [])]
