"""What `mastery doctor` tells of stores that are gone, and that the next command makes anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Mastery, quiz, write_lines


@pytest.fixture
def school(mastery: Mastery, tmp_path: Path) -> Mastery:
    events = write_lines(tmp_path / "events.jsonl", quiz(1), quiz(2))
    assert mastery("tenant", "create", "north").code == 0
    for tenant in ("default", "north"):
        assert mastery("ingest", events, "--tenant", tenant).code == 0
    return mastery


def remove(home: Path, name: str) -> None:
    files = list(home.glob(f"{name}*"))
    assert files
    for file in files:
        file.unlink()


def told(mastery: Mastery) -> list[tuple[str, str]]:
    """Outcomes and messages of the check."""
    done = mastery("doctor", "--json")
    assert done.code == 0
    return [(one["outcome"], one["message"]) for one in done.data["checks"] if one["name"] == "losses"]


def test_nothing_is_said_of_losses_before_there_are_events_and_all_is_well_with_them(
    mastery: Mastery, request: pytest.FixtureRequest
) -> None:
    assert mastery("tenant", "list").code == 0
    assert told(mastery) == []
    request.getfixturevalue("school")
    assert told(mastery) == [("ok", "state and log hold something, as the archive does")]


def test_a_state_that_was_lost_is_told_with_the_commands_that_rebuild_it(school: Mastery, home: Path) -> None:
    remove(home, "state.db")
    ((outcome, message),) = told(school)
    assert outcome == "warning"
    assert "events of default, north: the state was lost" in message
    assert message.endswith("mastery replay --all --tenant default")
    for tenant in ("default", "north"):
        assert school("replay", "--all", "--tenant", tenant).code == 0
        assert school("show", "ada-01", "--tenant", tenant, "--json").data["events"] == 2
    assert told(school)[0][0] == "ok"


def test_a_log_that_was_lost_is_told_with_the_command_that_compares(school: Mastery, home: Path) -> None:
    remove(home, "log.db")
    ((outcome, message),) = told(school)
    assert outcome == "warning"
    assert "the log was lost" in message
    assert "mastery replay --all --dry-run --tenant default" in message
    assert school("replay", "--all", "--dry-run", "--tenant", "default").code == 0
