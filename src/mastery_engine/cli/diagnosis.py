"""What is in force, and whether it works."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct

import mastery_engine
from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.bootstrap import MEMORY_URL, Engine, open_engine
from mastery_engine.bootstrap.caches import shared_cache
from mastery_engine.bootstrap.choice import check_urls
from mastery_engine.bootstrap.dapr_doors import WORDS, doors_of
from mastery_engine.cli import door_checks
from mastery_engine.cli.check import FAULTS, Check, failed, tried, works
from mastery_engine.cli.loss_checks import LOSSES, losses
from mastery_engine.cli.settings_in_force import SettingInForce, settings_in_force
from mastery_engine.config import (
    EMBEDDED_LOG,
    Settings,
    load_settings,
    unknown_variables,
)
from mastery_engine.domain.errors import ConfigurationError, Conflict
from mastery_engine.engine.committed import lag_of
from mastery_engine.ports import DeadLetters

_OF_THE_HOME: Final = ("archive", "erasures", "folding", "dead letters", LOSSES)
_LIBRARIES: Final = (
    "fastapi",
    "filelock",
    "msgspec",
    "numpy",
    "openfeature-sdk",
    "pydantic",
    "rich",
    "typer",
)
_LOW_FREE_BYTES: Final = 512 << 20
_LEAST_FREE_BYTES: Final = 32 << 20
"""With less than this free, the next write may be the one that fails."""
_MOST_LETTERS: Final = 1_000
_MIB: Final = 1 << 20


class Diagnosis(Struct, kw_only=True):
    """All of it.

    Attributes:
        versions: Of the program and of what it rests on.
        well: No check failed.
    """

    versions: dict[str, str]
    settings: list[SettingInForce]
    checks: list[Check]
    well: bool


def diagnose() -> Diagnosis:
    """Look at everything.

    Raises:
        ConfigurationError: The settings themselves are not valid.
    """
    settings = load_settings()
    checks = [
        *_variables(),
        *door_checks.secrets(settings),
        *door_checks.tls(settings),
        _dapr(settings),
        *_home(settings),
        *asyncio.run(_asked(settings)),
    ]
    return Diagnosis(
        versions=_versions(),
        settings=list(settings_in_force(settings)),
        checks=checks,
        well=all(check.outcome != "failed" for check in checks),
    )


def _versions() -> dict[str, str]:
    return {
        "mastery-engine": mastery_engine.__version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        **{name: version(name) for name in _LIBRARIES},
    }


def _variables() -> Iterator[Check]:
    """Variables that look like settings and are none; without any, nothing is said."""
    for message in unknown_variables(os.environ):
        yield Check(name="variables", outcome="warning", message=message)


def _dapr(settings: Settings) -> Check:
    return Check(name="dapr", outcome="ok", message=WORDS[doors_of(settings)])


def _home(settings: Settings) -> Iterator[Check]:
    try:
        yield from _folder(settings)
    except OSError as error:
        yield failed("home", error, settings.home)


def _folder(settings: Settings) -> Iterator[Check]:
    home = settings.home
    if not home.exists():
        yield Check(
            name="home", outcome="ok", message=f"{home} is not there yet; it is made when it is needed"
        )
        return
    usable = home.is_dir() and os.access(home, os.R_OK | os.W_OK | os.X_OK)
    advice = f"{home} cannot be written; give this user the right to, or set MASTERY_HOME to another folder"
    size = sum(file.stat().st_size for file in home.iterdir() if file.is_file()) if usable else 0
    message = f"{home}, {size / _MIB:.1f} MiB" if usable else advice
    yield Check(name="home", outcome="ok" if usable else "failed", message=message)
    yield _disk(home)


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(home).free
    message = f"{free / _MIB:,.0f} MiB free"
    if free >= _LOW_FREE_BYTES:
        return Check(name="disk", outcome="ok", message=message)
    return Check(
        name="disk",
        outcome="warning" if free >= _LEAST_FREE_BYTES else "failed",
        message=f"{message}; make room",
    )


async def _asked(settings: Settings) -> list[Check]:
    return [*[check async for check in door_checks.doors(settings)], *await _databases(settings)]


async def _databases(settings: Settings) -> list[Check]:
    found: list[Check] = []
    try:
        check_urls(settings)
        if settings.store_url != MEMORY_URL and not settings.archive_on_postgres:
            folders = (settings.database_folder, settings.archive_folder)
            if not any(folder.exists() for folder in folders):
                message = "none yet; they are made when they are needed"
                return [Check(name="databases", outcome="ok", message=message), *await _servers(settings)]
        async with open_engine(settings) as engine:
            async for check in _within(engine):
                found.append(check)  # noqa: PERF401 - what was found before a fault is told too
    except FAULTS as error:
        found.append(failed("databases", error, settings.home))
    return found


async def _servers(settings: Settings) -> list[Check]:
    """What servers say before there is a home: asked from one that is gone afterwards, since a restore makes its own."""
    if not settings.store_on_server and settings.log_url == EMBEDDED_LOG:
        return []
    with TemporaryDirectory(prefix="mastery-doctor-") as folder:
        changed = {"home": Path(folder), "archive_url": ""}
        if not settings.store_on_server:
            changed["store_url"] = ""
        async with open_engine(settings.model_copy(update=changed)) as engine:
            return [check async for check in _within(engine) if check.name not in _OF_THE_HOME]


async def _within(engine: Engine) -> AsyncIterator[Check]:
    adapters, home = engine.adapters, engine.settings.home
    for name, port in (
        ("state store", adapters.store),
        ("event log", adapters.log),
        ("archive", adapters.archive),
    ):
        yield await works(name, port.ping(), "answers", home)
    if adapters.apart is not None:
        yield await works("topics", adapters.apart.topics.check(), "are there, and as they must be", home)
        yield await works("schemas", _registered(engine.settings), "are registered", home)
    cache = shared_cache(engine.settings)
    if cache is not None:
        yield await works("shared cache", cache.ping(), "answers", home)
        await cache.close()
    async for check in door_checks.within(engine):
        yield check
    for check in await losses(engine):
        yield check
    yield await tried("folding", _folding(engine), engine.settings.database_folder)
    yield await tried("dead letters", _letters(adapters.dead_letters), home)
    yield await tried("schools", _schools(engine), home)


async def _schools(engine: Engine) -> Check:
    tenants = ", ".join(tenant.tenant_id for tenant in await engine.tenants.list())
    return Check(name="schools", outcome="ok", message=tenants)


async def _registered(settings: Settings) -> None:
    from mastery_engine.bootstrap.schemas import look_at_schemas

    wrong = [one for one in await look_at_schemas(settings) if one.state != "registered"]
    if wrong:
        of = f" ({len(wrong):,} in all)" if len(wrong) > 1 else ""
        raise ConfigurationError(f"{wrong[0].subject} is {wrong[0].state}{of}; see: mastery schemas check")


async def _letters(letters: DeadLetters) -> Check:
    waiting = (await letters.counts())["open"]
    if not waiting:
        return Check(name="dead letters", outcome="ok", message="0 open")
    looked = await letters.find(status="open", limit=_MOST_LETTERS)
    kinds = sorted(Counter(letter.kind for letter in looked).items())
    of = f"of the first {len(looked):,} " if len(looked) < waiting else ""
    told = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    return Check(
        name="dead letters",
        outcome="warning",
        message=f"{waiting:,} open ({of}{told}); see: mastery dlq list",
    )


async def _folding(engine: Engine) -> Check:
    lag = await _lag(engine)
    if engine.adapters.apart is not None:
        message = f"Kafka's workers fold; {lag:,} events wait"
        return Check(name="folding", outcome="ok", message=message)
    if engine.settings.store_url != MEMORY_URL:
        try:
            with FoldingLock(engine.settings.database_folder):
                pass
        except Conflict:
            return Check(name="folding", outcome="ok", message=f"another process folds; {lag:,} events wait")
    if not lag:
        return Check(name="folding", outcome="ok", message="nobody folds now, and nothing waits")
    return Check(
        name="folding",
        outcome="warning",
        message=f"nobody folds now, and {lag:,} events wait; fold them with: mastery worker",
    )


async def _lag(engine: Engine) -> int:
    log = engine.adapters.log
    consumer = log.consumer(engine.group)
    try:
        return await lag_of(log, consumer)
    finally:
        await consumer.close()
