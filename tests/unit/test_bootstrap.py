"""Adapters chosen by the settings, opened in order and closed in the reverse one."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.adapters.flags.openfeature import OpenFeatureFlags
from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.adapters.sqlite.state import SqliteStateStore
from mastery_engine.bootstrap import MEMORY_URL, open_engine
from mastery_engine.bootstrap.bulk import NEW_OBJECTS, SWITCH_SECONDS, set_for_bulk_work
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.errors import ConfigurationError, Conflict
from tests.unit.engine.house import StandingClock, quiz
from tests.unit.engine.small_school import caller


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MASTERY_{name.upper()}", raising=False)
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


# How the interpreter is set.


def test_settings_for_bulk_work_are_taken_back_in_the_end_and_after_an_error() -> None:
    before = gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()

    def fold(*, fails: bool) -> None:
        with set_for_bulk_work():
            assert gc.get_threshold()[0] == NEW_OBJECTS
            assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
            assert gc.get_freeze_count() > before[2]
            if fails:
                raise ZeroDivisionError

    fold(fails=False)
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before
    with pytest.raises(ZeroDivisionError):
        fold(fails=True)
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before


# The engine.


def made(folder: Path) -> set[str]:
    """Names of what was made there."""
    return {one.name for one in folder.iterdir()} if folder.exists() else set()


async def test_an_engine_in_memory_touches_no_disk(home: Path) -> None:
    async with open_engine(load_settings(store_url=MEMORY_URL)) as engine:
        assert isinstance(engine.adapters.store, MemoryStateStore)
        assert abs(engine.adapters.clock.now_ms() - engine.adapters.clock.now_ms()) < 60_000
    assert not made(home)


async def test_every_part_is_built_once_and_when_it_is_asked_for(home: Path) -> None:
    reading = ("tenants", "access", "reader", "queries", "predictions", "advice", "analytics", "exports")
    names = (*reading, "ingest", "letters", "lifetimes", "replay")
    async with open_engine(load_settings(store_url=MEMORY_URL), StandingClock()) as engine:
        assert not set(names) & vars(engine).keys()
        for name in names:
            assert getattr(engine, name) is getattr(engine, name)
    assert not made(home)


async def test_an_engine_on_files_keeps_what_it_took(home: Path) -> None:
    settings, clock = load_settings(), StandingClock()
    async with open_engine(settings, clock) as engine:
        assert isinstance(engine.adapters.store, SqliteStateStore)
        async with engine.intake(3).open() as taking:
            await taking.take([quiz(1, 8)])
    async with open_engine(settings, clock) as engine:
        assert (await engine.queries.profile(caller(), "ann")).current.score == 0.321
        async with engine.folding() as worker:
            assert (await worker.drain()).polled == 0
    assert made(home) >= {"state.db", "log.db", "archive.db", "pseudonym.key"}


async def test_the_archive_may_lie_in_a_folder_of_its_own(home: Path, tmp_path: Path) -> None:
    async with open_engine(load_settings(archive_url=f"sqlite:///{tmp_path / 'records'}")) as engine:
        await engine.adapters.archive.ping()
    assert "archive.db" in made(tmp_path / "records")
    assert "archive.db" not in made(home)


async def test_one_process_at_a_time_folds_a_home(home: Path) -> None:
    settings = load_settings()
    async with open_engine(settings) as engine:
        async with engine.folding():
            with pytest.raises(Conflict, match=r"already folds the events of .*set MASTERY_HOME to another"):
                async with engine.folding():
                    pass
        async with engine.folding(batch_size=3) as worker:
            assert (await worker.drain()).polled == 0
    assert made(home)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"log_url": "amqp://k"},
            "MASTERY_LOG_URL = 'amqp://k' is not known; known are embedded and kafka://HOST:PORT",
        ),
        (
            {"log_url": "kafka://k:9092"},
            "MASTERY_REGISTRY_URL = '' names no schema registry, which events on Kafka need; write it like http://HOST:PORT",
        ),
        (
            {"log_url": "kafka://user:pw@k:9092", "registry_url": "http://r"},
            (
                "MASTERY_LOG_URL = 'kafka://***@k:9092' names no brokers; write it like kafka://HOST:PORT or "
                "kafka://HOST:PORT,HOST:PORT"
            ),
        ),
        (
            {"log_url": "kafka://k:90920", "registry_url": "http://r"},
            (
                "MASTERY_LOG_URL = 'kafka://k:90920' names no brokers; write it like kafka://HOST:PORT or "
                "kafka://HOST:PORT,HOST:PORT"
            ),
        ),
        (
            {"log_url": "kafka://k:9092", "registry_url": "http://r", "kafka_security_protocol": "sasl_ssl"},
            "MASTERY_KAFKA_SECURITY_PROTOCOL = sasl_ssl needs MASTERY_KAFKA_SASL_USERNAME and MASTERY_KAFKA_SASL_PASSWORD",
        ),
        (
            {"store_url": MEMORY_URL, "archive_url": "sqlite:////a"},
            "MASTERY_STORE_URL = memory:// keeps the archive in memory too; unset MASTERY_ARCHIVE_URL",
        ),
        (
            {"store_url": "rodis://r"},
            (
                "MASTERY_STORE_URL = 'rodis://r' names no folder of files; write it like sqlite:///FOLDER, "
                "or redis://HOST:PORT/DATABASE"
            ),
        ),
        (
            {"archive_url": MEMORY_URL},
            (
                "MASTERY_ARCHIVE_URL = 'memory://' names no folder of files; write it like sqlite:///FOLDER, "
                "or postgresql://USER:PASSWORD@HOST/DATABASE"
            ),
        ),
    ],
)
async def test_a_setting_that_nothing_stands_behind_is_refused_and_not_passed_over(
    home: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        async with open_engine(load_settings(**given)):
            pass
    assert error.value.message == said
    assert not made(home)


async def test_what_was_opened_is_closed_in_the_reverse_order_also_after_an_error(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close_home, close_flags = SqliteHome.close, OpenFeatureFlags.close

    async def home_closes(self: SqliteHome) -> None:
        closed.append(self.folder.name)
        await close_home(self)

    async def flags_close(self: OpenFeatureFlags) -> None:
        closed.append("flags")
        await close_flags(self)

    monkeypatch.setattr(SqliteHome, "close", home_closes)
    monkeypatch.setattr(OpenFeatureFlags, "close", flags_close)
    settings = load_settings(archive_url=f"sqlite:///{tmp_path / 'records'}")
    async with open_engine(settings):
        assert closed == []
    assert closed == ["records", "home", "flags"]
    closed.clear()
    with pytest.raises(ZeroDivisionError):
        async with open_engine(settings):
            raise ZeroDivisionError
    assert closed == ["records", "home", "flags"]
    closed.clear()
    (home / "pseudonym.key").write_bytes(b"")
    with pytest.raises(ConfigurationError):
        async with open_engine(settings):
            pass
    assert closed == ["records", "home", "flags"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


EQUAL = """
[formulas.equal]
version = 2
description = "All alike."
weights = {completion = 0.25, quiz = 0.25, quality = 0.25, consistency = 0.25}
[rollouts.default]
default = "equal"
"""


async def test_formulas_of_a_file_are_in_force(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "formulas.toml"
    file.write_text(EQUAL, "utf-8")
    settings = load_settings(store_url=MEMORY_URL, formulas=file)
    async with open_engine(settings, StandingClock()) as engine:
        async with engine.intake().open() as taking:
            await taking.take([quiz(1, 8)])
        current = (await engine.queries.profile(caller(), "ann")).current
    # 0.25 * 0.8 + 0.25 * 0.81
    assert (current.formula, current.score) == ("equal@2", 0.4025)
    assert not made(home)
