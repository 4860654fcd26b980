"""Whose data a command works on, where the environment names a service."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from mastery_engine.cli.program import function_of
from mastery_engine.cli.where import ASKS_A_SERVICE, NEEDS_NO_DATA, SERVER, WORKS_HERE
from tests.cli.conftest import Mastery
from tests.cli.test_program import commands

NOWHERE = "http://127.0.0.1:9"
REFUSED = {
    "import oulad": ("folder", "-m", "AAA", "-p", "2014J"),
    "replay": ("--dry-run",),
    "dlq show": ("id",),
    "dlq fix": ("id", "--set", "a=1"),
    "dlq reprocess": ("--all",),
    "dlq discard": ("id", "--reason", "a test"),
    "cohort put": ("7b", "--student", "eve"),
    "cohort import": (__file__,),
    "tenant create": ("north",),
    "tenant show": ("default",),
    "tenant set": ("default",),
    "tenant export": ("default", "--to", "x.zip"),
    "tenant erase": ("default", "--yes"),
    "privacy show": ("id",),
    "privacy erase": ("eve",),
    "privacy lift": ("id",),
    "privacy export": ("eve", "--to", "x.zip"),
    "privacy restrict": ("eve",),
    "privacy unrestrict": ("eve",),
    "state show": ("eve",),
    "token revoke": ("--subject", "eve"),
    "backup create": ("backup",),
    "backup restore": ("backup",),
}


def test_every_command_is_told_to_ask_a_service_or_to_work_here_or_to_need_no_data() -> None:
    told = [*ASKS_A_SERVICE, *NEEDS_NO_DATA, *WORKS_HERE]
    assert sorted(told) == sorted(name for name, _ in commands())


def test_those_that_ask_a_service_are_those_that_read_its_address_from_the_environment() -> None:
    def reads(target: str) -> bool:
        function = function_of(target)
        hint = get_type_hints(function, include_extras=True).get("server")
        return any(getattr(part, "envvar", None) == SERVER for part in get_args(hint))

    assert {name for name, target in commands() if reads(target)} == ASKS_A_SERVICE


@pytest.mark.parametrize("name", sorted(WORKS_HERE))
def test_a_command_that_asks_no_service_does_nothing_here_while_one_is_named(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(SERVER, NOWHERE)
    done = mastery(*name.split(), *REFUSED.get(name, ()))
    assert (done.code, done.out) == (2, ""), done.err
    assert f"`mastery {name}` cannot ask one" in done.err
    assert "unset MASTERY_SERVER" in done.err
    assert not home.exists()


def test_a_simulation_goes_into_a_file_and_not_into_the_log_here_while_a_service_is_named(
    mastery: Mastery, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER, NOWHERE)
    file = tmp_path / "events.jsonl"
    assert mastery("simulate", "-n", 6, "--days", 7, "--to", file).code == 0
    assert file.stat().st_size
    refused = mastery("simulate", "-n", 6, "--days", 7)
    assert refused.code == 2
    assert "MASTERY_SERVER" in refused.err
    assert not home.exists()


def test_what_is_not_about_data_and_an_empty_variable_go_on(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_JWT_SECRET", "a-secret-of-these-tests-0123456789")
    monkeypatch.setenv(SERVER, NOWHERE)
    for command in ("doctor", "openapi", "formula list", "token create eve"):
        assert mastery(*command.split()).code == 0, command
    assert mastery("tenant", "list", "--help").code == 0
    monkeypatch.setenv(SERVER, "")
    assert mastery("tenant", "list").code == 0
