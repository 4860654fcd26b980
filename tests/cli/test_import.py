"""`mastery import`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Mastery


def test_a_folder_without_the_tables_is_wrong_usage_and_makes_no_school(
    mastery: Mastery, tmp_path: Path
) -> None:
    done = mastery("import", "oulad", tmp_path, "--presentation", "2014B")
    assert done.code == 2
    assert str(tmp_path) in done.err
    assert mastery("tenant", "show", "oulad").code == 4


def test_a_module_is_imported_once_however_often_it_is_started(mastery: Mastery, oulad_folder: Path) -> None:
    arguments = ("import", "oulad", oulad_folder, "-p", "2013J", "-m", "AAA", "--json")
    first = mastery(*arguments).data
    assert first["accepted"] == first["folded"] > 30_000
    again = mastery(*arguments).data
    assert (again["accepted"], again["already"]) == (0, first["accepted"])
    assert mastery("tenant", "show", "oulad", "--json").data["retention_days"] is None
    assert mastery("show", "11391", "--tenant", "oulad", "--as-of", "2014-03-30").code == 0
