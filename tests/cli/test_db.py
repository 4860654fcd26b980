"""`mastery db`: the schema of the PostgreSQL archive."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.cli.conftest import Mastery


def test_a_schema_is_absent_then_made_then_current(
    mastery: Mastery, bare_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_ARCHIVE_URL", bare_postgres)
    absent = mastery("db", "check")
    assert absent.code == 1
    assert "has no schema yet; make it with: mastery db upgrade" in absent.err
    told = mastery("db", "check", "--json")
    assert (told.code, told.data["state"], told.data["version"]) == (1, "absent", None)
    made = mastery("db", "upgrade", "--json")
    assert (made.code, made.data["before"], made.data["version"]) == (0, None, made.data["newest"])
    again = mastery("db", "upgrade")
    assert "it was there already" in again.out
    current = mastery("db", "check")
    assert (current.code, current.err) == (0, "")
    assert "this release's" in current.out
    assert mastery("db", "check", "--json").data["state"] == "current"


def test_a_newer_schema_is_refused_by_both(
    mastery: Mastery, ready_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_ARCHIVE_URL", ready_postgres)
    with psycopg.connect(ready_postgres) as connection:
        connection.execute("UPDATE mastery_schema SET version_num = '0099'")
    for command in ("check", "upgrade"):
        refused = mastery("db", command)
        assert refused.code == 1
        assert "written by a newer release" in refused.err
    told = mastery("db", "check", "--json")
    assert (told.code, told.data["state"]) == (1, "newer")


def test_a_role_of_the_service_must_be_there(
    mastery: Mastery, ready_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_ARCHIVE_URL", ready_postgres)
    refused = mastery("db", "upgrade", "--service-role", "nobody-here")
    assert refused.code == 4
    assert "has no role 'nobody-here'" in refused.err


@pytest.mark.parametrize("command", ["check", "upgrade"])
def test_a_database_that_is_down_is_named_without_its_password(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("MASTERY_ARCHIVE_URL", "postgresql://ada:hush@127.0.0.1:1/school")
    down = mastery("db", command, "--json")
    assert down.code == 75
    error = json.loads(down.err)["error"]
    assert error["code"] == "SERVICE_UNAVAILABLE"
    assert "PostgreSQL at 127.0.0.1:1, database school does not answer" in error["message"]
    assert "hush" not in down.err


@pytest.mark.parametrize("url", ["", "sqlite:////data", "mysql://ada:hush@host/db"])
@pytest.mark.parametrize("command", ["check", "upgrade"])
def test_an_archive_that_is_no_postgresql_needs_neither(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch, command: str, url: str
) -> None:
    monkeypatch.setenv("MASTERY_ARCHIVE_URL", url)
    refused = mastery("db", command)
    assert refused.code == 2
    assert "MASTERY_ARCHIVE_URL" in refused.err
    assert "names no PostgreSQL database" in refused.err
    assert "hush" not in refused.err


def test_a_library_that_is_missing_is_named_with_what_brings_it(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_ARCHIVE_URL", "postgresql://host/db")
    monkeypatch.setattr("mastery_engine.bootstrap.records._NEEDED", ("no_such_library",))
    refused = mastery("db", "check")
    assert refused.code == 1
    assert "needs no_such_library; install it with `pip install 'mastery-engine[postgres]'" in refused.err
