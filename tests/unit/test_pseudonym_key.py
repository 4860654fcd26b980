"""The key of the students' hashes."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.bootstrap import MEMORY_URL
from mastery_engine.bootstrap.pseudonym_key import pseudonym_key
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.errors import ConfigurationError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MASTERY_{name.upper()}", raising=False)
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _make_key(folder: str, start: Any, keys: Any) -> None:
    settings = load_settings(home=folder)
    start.wait()
    keys.put(pseudonym_key(settings))


def test_the_key_is_made_once_and_only_its_user_may_read_it(home: Path) -> None:
    settings = load_settings()
    key = pseudonym_key(settings)
    assert len(key) == 32
    assert pseudonym_key(settings) == key
    assert [(one.name, stat.S_IMODE(one.stat().st_mode)) for one in home.iterdir()] == [
        ("pseudonym.key", 0o600)
    ]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_two_processes_that_race_agree_on_one_key(home: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, keys = context.Barrier(2), context.Queue()
    racers = [context.Process(target=_make_key, args=(str(home), start, keys)) for _ in range(2)]
    for racer in racers:
        racer.start()
    found = {keys.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join()
    assert found == {(home / "pseudonym.key").read_bytes()}
    assert len(list(home.iterdir())) == 1


def test_whoever_comes_second_takes_the_firsts_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def second(draft: str, file: Path) -> None:
        file.write_bytes(b"f" * 32)
        link(draft, file)

    monkeypatch.setattr(os, "link", second)
    assert pseudonym_key(load_settings()) == b"f" * 32
    assert [one.name for one in home.iterdir()] == ["pseudonym.key"]


def test_a_key_that_cannot_be_written_leaves_nothing_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        del descriptor
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError) as error:
        pseudonym_key(load_settings())
    file = home / "pseudonym.key"
    assert error.value.message == (
        f"{file} cannot be read or made: No space left on device; check MASTERY_HOME"
    )
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("damaged", [b"", b"k" * 15, b"k" * 65])
def test_a_file_that_holds_no_key_is_told_and_kept(home: Path, damaged: bytes) -> None:
    home.mkdir()
    file = home / "pseudonym.key"
    file.write_bytes(damaged)
    with pytest.raises(ConfigurationError, match=rf"holds {len(damaged)} bytes and is no key any more"):
        pseudonym_key(load_settings())
    assert file.read_bytes() == damaged


@pytest.mark.parametrize("where", ["home", "records"])
def test_no_key_is_made_beside_records_that_another_one_hashed(
    home: Path, tmp_path: Path, where: str
) -> None:
    folder = home if where == "home" else tmp_path / where
    folder.mkdir()
    (folder / "archive.db").touch()
    settings = load_settings(archive_url="" if where == "home" else f"sqlite:///{folder}")
    with pytest.raises(ConfigurationError, match="the key of its hashes is not: set MASTERY_PSEUDONYM_KEY"):
        pseudonym_key(settings)
    assert not (home / "pseudonym.key").exists()
    assert pseudonym_key(load_settings(pseudonym_key="k" * 32)) == b"k" * 32


def test_a_key_of_the_settings_goes_first_and_is_checked_at_every_opening(home: Path) -> None:
    assert pseudonym_key(load_settings(pseudonym_key="k" * 64)) == b"k" * 64
    assert not home.exists()
    for key in ("", "k" * 15, "k" * 65):
        with pytest.raises(ConfigurationError, match="MASTERY_PSEUDONYM_KEY has"):
            pseudonym_key(load_settings(pseudonym_key=key))


def test_in_memory_every_engine_has_a_key_of_its_own(home: Path) -> None:
    settings = load_settings(store_url=MEMORY_URL)
    first, second = pseudonym_key(settings), pseudonym_key(settings)
    assert len(first) == len(second) == 32
    assert first != second
    assert not home.exists()


@pytest.mark.parametrize(
    "shared",
    [{"log_url": "kafka://host:1"}, {"store_url": "redis://host/0"}, {"store_url": "dapr://statestore"}],
)
def test_no_key_is_made_where_several_processes_would_each_make_one(
    home: Path, shared: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="MASTERY_PSEUDONYM_KEY is required in production where"):
        pseudonym_key(load_settings(env="production", **shared))
    assert not home.exists()
    given = load_settings(env="production", pseudonym_key="Zq3vTn8mKc5xWb7y", **shared)
    assert pseudonym_key(given) == b"Zq3vTn8mKc5xWb7y"
    assert len(pseudonym_key(load_settings(env="production"))) == 32
