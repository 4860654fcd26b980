"""Log lines of commands that fold: JSON on standard error, and nothing there of what was sent."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from mastery_engine.domain.learner import LearnerState
from tests.cli.conftest import Mastery, make_a_dead_letter, quiz, write_lines


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


def test_reprocessing_a_dead_letter_logs_json(mastery: Mastery) -> None:
    make_a_dead_letter(mastery)
    structlog.reset_defaults()
    mastery("dlq", "reprocess", "--all")
    assert isinstance(structlog.get_config()["processors"][-1], structlog.processors.JSONRenderer)


def test_what_libraries_log_is_json_too_and_tells_nothing_of_what_was_sent(
    mastery: Mastery, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    mastery("ingest", write_lines(tmp_path / "events.jsonl", quiz(1)))
    log = logging.getLogger("uvicorn.error")
    # A server of another test may have set its level.
    caplog.set_level(logging.NOTSET, log.name)
    log.warning("Invalid HTTP request received.")
    log.info("too low for the default level")
    log.error("Exception in ASGI application\nfuture: grace-hopper", exc_info=ValueError("grace-hopper"))
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"]) == ("Invalid HTTP request received.", "warning")
    assert (second["event"], second["error"]) == ("Exception in ASGI application", "ValueError")
    assert "grace-hopper" not in json.dumps(second)


def test_logs_are_set_up_again_without_telling_twice(
    mastery: Mastery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        mastery("ingest", write_lines(tmp_path / "events.jsonl", quiz(number)))
    logging.getLogger("asyncio").error("once")
    assert len(capsys.readouterr().err.splitlines()) == 1
