"""Which caches the settings and the kind of process ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mastery_engine.adapters.sqlite.state import SqliteStateStore
from mastery_engine.bootstrap import MEMORY_URL, caches, extras, open_engine
from mastery_engine.bootstrap.caches import cache_troubles
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.evicting_store import EvictingStore
from mastery_engine.engine.learners import StoredLearners

NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MASTERY_{name.upper()}", raising=False)
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


async def test_a_command_keeps_nothing_and_has_nothing_to_evict() -> None:
    async with open_engine(load_settings()) as engine:
        assert engine.cached is None
        assert isinstance(engine.learners, StoredLearners)
        assert isinstance(engine.adapters.store, SqliteStateStore)


async def test_a_command_evicts_what_others_share() -> None:
    async with open_engine(load_settings(cache_url=NOBODY)) as engine:
        assert engine.cached is None
        assert isinstance(engine.learners, StoredLearners)
        assert isinstance(engine.adapters.store, EvictingStore)
        await engine.adapters.store.ping()
        assert await engine.adapters.store.purge() == 0
        assert [key async for batch in engine.adapters.store.scan("student:") for key in batch] == []
        await engine.adapters.store.close()


async def test_a_service_keeps_learners_and_one_with_its_state_in_memory_follows_nobody() -> None:
    async with open_engine(load_settings(store_url=MEMORY_URL), serves=True) as engine:
        assert engine.learners is engine.cached
        assert {name: trouble() for name, trouble in cache_troubles(engine.cached).items()} == {"cache": None}


async def test_a_service_that_may_keep_nothing_has_no_cache() -> None:
    async with open_engine(load_settings(cache_bytes=0), serves=True) as engine:
        assert engine.cached is None
        assert cache_troubles(engine.cached) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cache_url": "memcached://h:1"}, r"'memcached://h:1' is not known"),
        ({"cache_url": "redis://:hush@h:port"}, r"redis://\*\*\*@h:port.*names no Redis"),
        (
            {"cache_url": NOBODY, "store_url": "redis://h:1/0"},
            r"gains nothing beside .*redis://h:1/0.*unset it",
        ),
        ({"cache_url": NOBODY, "store_url": "rediss+cluster://h:1"}, "gains nothing"),
        ({"cache_url": NOBODY, "store_url": MEMORY_URL}, "gains nothing"),
    ],
)
def test_a_shared_cache_that_is_none_or_gains_nothing_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        caches.shared_cache(load_settings(**given))


def test_without_the_extra_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> None:
        del name

    monkeypatch.setattr(extras, "find_spec", nowhere)
    with pytest.raises(ConfigurationError, match=r"pip install 'mastery-engine\[redis\]'"):
        caches.shared_cache(load_settings(cache_url=NOBODY))
