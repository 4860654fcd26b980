"""`mastery doctor` with the archive in PostgreSQL: well, silent, not brought up to date."""

from __future__ import annotations

import psycopg
import pytest

from tests.cli.conftest import Mastery

ARCHIVE = "MASTERY_ARCHIVE_URL"


def checks(mastery: Mastery) -> tuple[int, dict[str, dict[str, str]]]:
    done = mastery("doctor", "--json")
    return done.code, {one["name"]: one for one in done.data["checks"]}


def test_a_database_that_answers_is_well(
    mastery: Mastery, ready_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ARCHIVE, ready_postgres)
    code, found = checks(mastery)
    assert (code, found["archive"]["outcome"], found["archive"]["message"]) == (0, "ok", "answers")
    assert found["dead letters"]["message"] == "0 open"
    assert "Everything works." in mastery("doctor").out


def test_a_database_that_does_not_answer_is_named_without_its_password(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ARCHIVE, "postgresql://ada:hush@127.0.0.1:1/school")
    done = mastery("doctor", "--json")
    (failed,) = [one for one in done.data["checks"] if one["outcome"] == "failed"]
    assert (done.code, failed["name"]) == (1, "databases")
    assert "PostgreSQL at 127.0.0.1:1, database school does not answer" in failed["message"]
    assert "hush" not in done.out + done.err
    assert "hush" not in mastery("doctor").out
    shown = {one["variable"]: one["value"] for one in done.data["settings"]}[ARCHIVE]
    assert shown.startswith("postgresql://")
    assert "127.0.0.1:1/school" in shown


def test_a_database_without_a_schema_tells_what_makes_it(
    mastery: Mastery, bare_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ARCHIVE, bare_postgres)
    code, found = checks(mastery)
    assert (code, found["databases"]["outcome"]) == (1, "failed")
    assert "has no schema yet; make it with: mastery db upgrade" in found["databases"]["message"]
    assert mastery("db", "upgrade").code == 0
    assert checks(mastery)[0] == 0


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0001", "has schema version 0001, this release's is"),
        ("0099", "has schema version 0099, written by a newer release"),
    ],
)
def test_a_database_of_another_release_tells_both_versions_and_what_to_do(
    mastery: Mastery, ready_postgres: str, monkeypatch: pytest.MonkeyPatch, version: str, words: str
) -> None:
    with psycopg.connect(ready_postgres) as connection:
        connection.execute("UPDATE mastery_schema SET version_num = %s", [version])
    monkeypatch.setenv(ARCHIVE, ready_postgres)
    code, found = checks(mastery)
    assert (code, found["databases"]["outcome"]) == (1, "failed")
    assert words in found["databases"]["message"]
    assert ("mastery db upgrade" in found["databases"]["message"]) == (version == "0001")
