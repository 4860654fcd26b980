"""`mastery doctor` on a machine on which nothing has run yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Mastery


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("STORE", "redis://127.0.0.1:1/0"),
        ("STORE", "dapr://127.0.0.1:1/statestore"),
        ("LOG", "kafka://127.0.0.1:1"),
    ],
)
def test_the_doctor_asks_servers_also_where_there_is_no_home_yet_and_makes_none(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(f"MASTERY_{variable}_URL", url)
    done = mastery("doctor")
    assert done.code == 1
    assert "Everything works" not in done.out
    assert not home.exists()
