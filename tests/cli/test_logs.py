"""Log lines of commands that fold: JSON on standard error, and nothing there of what was sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from mastery_engine.domain.learner import LearnerState
from tests.cli.conftest import Mastery, quiz, write_lines


def fails(state: LearnerState, event: object, *rest: object) -> None:
    del state, rest
    raise ValueError(f"cannot fold {event}")


def test_an_error_of_folding_is_logged_without_the_payload_and_the_students_id(
    mastery: Mastery, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "events.jsonl", quiz(1, student_id="grace-hopper", quiz_id="secret-quiz"))
    with patch.object(LearnerState, "fold", fails):
        done = mastery("ingest", file)
    assert done.code == 3
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.err.splitlines()]
    assert [(line["level"], line["error"]) for line in lines] == [("error", "ValueError")]
    assert lines[0]["exception"][0]["type"] == "ValueError"
    assert any("fails" in frame for frame in lines[0]["exception"][0]["frames"])
    for told in ("grace-hopper", "secret-quiz", "cannot fold"):
        assert told not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "FILE"),
        ("simulate", "-n", "2", "--days", "5"),
        ("demo", "--students", "5"),
    ],
)
def test_every_command_that_folds_logs_json(
    mastery: Mastery, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = str(write_lines(tmp_path / "events.jsonl", quiz(1)))
    assert mastery(*(file if one == "FILE" else one for one in arguments)).code == 0
    assert isinstance(structlog.get_config()["processors"][-1], structlog.processors.JSONRenderer)


def test_reprocessing_a_dead_letter_logs_json(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "twice.jsonl", quiz(1), quiz(1, correct_answers=1)))
    structlog.reset_defaults()
    mastery("dlq", "reprocess", "--all")
    assert isinstance(structlog.get_config()["processors"][-1], structlog.processors.JSONRenderer)
