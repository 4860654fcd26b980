"""Schools with students who leave, on memory, on files, and on Redis with PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.privacy.leaving import Leaving, leaving

if TYPE_CHECKING:
    from tools.own_redis import OwnRedis


@pytest.fixture(params=["memory", "files", "servers"])
async def school(
    request: pytest.FixtureRequest, tmp_path: Path, make_redis: Callable[..., OwnRedis]
) -> AsyncIterator[Leaving]:
    chosen: dict[str, object] = {"home": tmp_path / "home"}
    if request.param == "memory":
        chosen["store_url"] = "memory://"
    elif request.param == "servers":
        chosen["archive_url"] = request.getfixturevalue("ready_postgres")
        server = make_redis()
        await server.start()
        chosen["store_url"] = server.url
    async with leaving(chosen) as made:
        yield made


@pytest.fixture
async def in_files(tmp_path: Path) -> AsyncIterator[Leaving]:
    async with leaving({"home": tmp_path / "home"}) as made:
        yield made


@pytest.fixture
async def in_memory() -> AsyncIterator[Leaving]:
    async with leaving({"store_url": "memory://"}) as made:
        yield made


@pytest.fixture
def make_school() -> Callable[[], AbstractAsyncContextManager[Leaving]]:
    """Makes schools in memory, one for each history that a test goes through."""
    return lambda: leaving({"store_url": "memory://"})
