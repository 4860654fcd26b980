"""Reading commands that ask a service: the same answers as of the files here, and what only a service can go wrong with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mastery_engine.cli.remote import school_of
from tests.cli.conftest import Mastery, days_ago, quiz, write_lines
from tests.cli.remote import take_token

COMMANDS = (
    ("show", "ada-01"),
    ("history", "ada-01", "--by", "weekly"),
    ("forecast", "ada-01"),
    ("recommend", "ada-01", "--limit", "2"),
    ("recommend", "ada-01", "--path", "--minutes", "20"),
    ("calculate", "--quiz", "0.9", "--student", "ada-01"),
    ("compare", "7b", "--student", "ada-01"),
    ("cohort", "list"),
    ("cohort", "show", "7b"),
)


@pytest.fixture
def school(mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mastery:
    events = [quiz(day, timestamp=days_ago(5 - day)) for day in range(4)]
    assert mastery("ingest", write_lines(tmp_path / "class.jsonl", *events)).code == 0
    assert mastery("cohort", "put", "7b", "--student", "ada-01", "--student", "ben-01").code == 0
    take_token(mastery, monkeypatch, "admin")
    return mastery


def test_a_service_is_asked_the_same_and_answers_the_same(school: Mastery, server: str) -> None:
    for command in COMMANDS:
        here, there = school(*command, "--json"), school(*command, "--json", "--server", server)
        assert there.code == 0, there.err
        assert there.data == here.data, command
        page = school(*command, "--server", server)
        assert (page.code, page.out) == (0, school(*command).out), command
    gone = school("show", "nobody", "--server", server)
    assert (gone.code, gone.out) == (4, "")
    assert "student 'nobody'" in gone.err


def test_the_server_may_stand_in_the_environment_and_a_token_that_does_not_hold_is_told(
    school: Mastery, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_SERVER", server)
    monkeypatch.setenv("MASTERY_TOKEN", "no-token-of-here")
    refused = school("show", "ada-01")
    assert refused.code == 1
    assert "no-token-of-here" not in refused.err
    monkeypatch.delenv("MASTERY_TOKEN")
    file = tmp_path / "token"
    monkeypatch.setenv("MASTERY_TOKEN_FILE", str(file))
    assert school("show", "ada-01").code == 2
    file.write_text("\n")
    empty = school("show", "ada-01")
    assert empty.code == 2
    assert f"{file} is empty; write the token into it" in empty.err


@pytest.mark.parametrize(
    "options", [("show", "ada-01", "--formula", "adr-004"), ("forecast", "ada-01", "--days", "3")]
)
def test_what_a_service_does_not_offer_is_refused_before_anything_is_sent(
    school: Mastery, options: tuple[str, ...]
) -> None:
    refused = school(*options, "--server", "http://127.0.0.1:9")
    assert refused.code == 2
    assert "does not offer" in refused.err


def test_a_school_and_a_server_together_are_refused(school: Mastery) -> None:
    refused = school("show", "ada-01", "-t", "north", "--server", "http://127.0.0.1:9")
    assert refused.code == 2
    assert "the token" in refused.err


def test_a_service_that_is_down_is_told_as_such(school: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(seconds: float) -> None:
        del seconds

    monkeypatch.setattr(asyncio, "sleep", at_once)
    down = school("show", "ada-01", "--server", "http://127.0.0.1:9")
    assert down.code == 75
    assert "does not answer" in down.err


@pytest.mark.parametrize("token", ["", "a.b.c", "a.e30.c", "a.WzFd.c"])
def test_a_token_that_names_no_school_is_no_reason_to_fail(token: str) -> None:
    assert school_of(token) in {"of the token", "default"}
