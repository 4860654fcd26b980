"""`mastery recommend` with a language model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Mastery, quiz, write_lines
from tests.llm_endpoint import Answer, endpoint


def test_the_command_line_tells_whose_words_they_are(
    mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mastery("ingest", write_lines(tmp_path / "e.jsonl", quiz(1, correct_answers=3))).code == 0
    with endpoint() as served:
        monkeypatch.setenv("MASTERY_REWORDING_URL", served.url)
        monkeypatch.setenv("MASTERY_REWORDING_MODEL", "small")
        shown = " ".join(mastery("recommend", "ada-01", "--limit", "1").out.split())
        assert "Here is a thought: " in shown
        assert "(in the words of a language model)" in shown
        assert mastery("recommend", "ada-01", "--limit", "1", "--json").data["reworded"] == ["completion"]
        # The path keeps its plain steps.
        assert "Here is a thought" not in mastery("recommend", "ada-01", "--path").out


def test_a_model_that_fails_leaves_standard_output_to_the_answer(
    mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mastery("ingest", write_lines(tmp_path / "e.jsonl", quiz(1, correct_answers=3)))
    with endpoint(lambda _: Answer(500)) as served:
        monkeypatch.setenv("MASTERY_REWORDING_URL", served.url)
        monkeypatch.setenv("MASTERY_REWORDING_MODEL", "small")
        monkeypatch.setenv("MASTERY_REWORDING_API_KEY", "key-that-no-log-tells")
        done = mastery("recommend", "ada-01", "--limit", "1", "--json")
    assert "reworded" not in done.data
    [line] = [json.loads(one) for one in done.err.splitlines()]
    assert (line["event"], line["reasons"]) == ("rewording failed", {"status 500": 1})
    for told in ("ada-01", "key-that", "exercise", served.url):
        assert told not in done.err


def test_an_unsafe_endpoint_is_refused_with_what_to_do(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_REWORDING_URL", "http://models.example/v1")
    done = mastery("recommend", "ada-01")
    assert done.code != 0
    assert "must be https" in " ".join(done.err.split())
