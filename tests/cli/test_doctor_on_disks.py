"""`mastery doctor` on disks that are full or broken: a report in any case, with the file or folder at fault."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.adapters.sqlite.lock import FoldingLock
from tests.cli.conftest import Mastery


def no_room(*given: object) -> Any:
    del given
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def told(mastery: Mastery) -> dict[str, tuple[str, str]]:
    """Outcome and message of each check of a report that says that not all is well."""
    done = mastery("doctor", "--json")
    assert (done.code, done.err) == (1, "")
    return {one["name"]: (one["outcome"], one["message"]) for one in done.data["checks"]}


def test_a_check_that_finds_no_room_fails_with_its_folder_and_the_others_go_on(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mastery("tenant", "create", "north").code == 0
    monkeypatch.setattr(FoldingLock, "acquire", no_room)
    checks = told(mastery)
    assert checks["folding"] == ("failed", f"{home}: No space left on device; make room")
    assert checks["state store"][0] == "ok"
    assert checks["schools"] == ("ok", "default, north")


def test_a_folder_that_cannot_be_looked_at_and_an_engine_that_cannot_be_opened_are_checks_that_fail(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> object:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    def garbled(settings: object) -> object:
        del settings
        raise sqlite3.DatabaseError("the file is garbled")

    home.mkdir()
    monkeypatch.setattr(shutil, "disk_usage", broken)
    monkeypatch.setattr("mastery_engine.cli.diagnosis.open_engine", garbled)
    checks = told(mastery)
    assert checks["home"] == ("failed", f"{home}: Input/output error")
    assert checks["databases"] == ("failed", f"{home}: the file is garbled")
    assert checks["secrets"][0] == "ok"


def test_what_was_found_before_an_engine_broke_is_told_too(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mastery("tenant", "create", "north").code == 0
    monkeypatch.setattr("mastery_engine.cli.diagnosis.shared_cache", no_room)
    checks = told(mastery)
    assert checks["archive"] == ("ok", "answers")
    assert checks["databases"] == ("failed", f"{home}: No space left on device; make room")
