"""An export as a file, by both clients: there whole and as it was made, or not at all."""

from __future__ import annotations

import asyncio
import os
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from mastery_engine.client import AsyncClient, Client, Retries, UnexpectedAnswer, calls
from mastery_engine.contracts.student_export import MANIFEST
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine.verify_export import verify_export
from tests.api.school import School
from tests.client.test_sockets import answer, scripted

AT_ONCE = Retries(first_seconds=0.0)
Export = Callable[[str, Path], int]


def in_step(url: str, to: Path) -> int:
    with Client(url, "token", retries=AT_ONCE) as client:
        return client.export("amal", to)


def in_the_loop(url: str, to: Path) -> int:
    async def export() -> int:
        async with AsyncClient(url, "token", retries=AT_ONCE) as client:
            return await client.export("amal", to)

    return asyncio.run(export())


@pytest.fixture(params=[in_step, in_the_loop])
def export(request: pytest.FixtureRequest) -> Export:
    return request.param


@pytest.fixture
async def packed(school: School) -> bytes:
    await school.teach("amal")
    http = httpx.AsyncClient(transport=httpx.ASGITransport(school.app))
    return await AsyncClient("http://s", school.token("head", "admin"), http=http).send(
        calls.export_student("amal")
    )


async def test_an_export_of_the_service_is_sound_and_nobody_elses(school: School, tmp_path: Path) -> None:
    await school.teach("amal")
    http = httpx.AsyncClient(transport=httpx.ASGITransport(school.app))
    client = AsyncClient("http://s", school.token("head", "admin"), http=http)
    to = tmp_path / "amal.zip"
    assert await client.export("amal", to) == to.stat().st_size
    assert verify_export(to).problems == []
    assert to.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="is there already"):
        await client.export("amal", to)
    with pytest.raises(NotFound):
        await client.export("nobody", tmp_path / "nobody.zip")
    assert [one.name for one in os.scandir(tmp_path)] == [to.name]


def test_what_broke_off_leaves_nothing_in_the_next_try(packed: bytes, export: Export, tmp_path: Path) -> None:
    whole = answer("200 OK", packed, "content-type: application/zip")
    to = tmp_path / "amal.zip"
    with scripted(whole[:-100], whole) as server:
        export(server.url, to)
    assert to.read_bytes() == packed


@pytest.mark.parametrize("what", ["cut", "changed", "another"])
def test_what_is_no_export_as_it_was_made_is_not_kept(
    packed: bytes, export: Export, tmp_path: Path, what: str
) -> None:
    sent = {"cut": packed[:-100], "changed": with_another_part(packed), "another": b"<html>"}[what]
    with (
        scripted(answer("200 OK", sent)) as server,
        pytest.raises(UnexpectedAnswer, match="nothing was kept"),
    ):
        export(server.url, tmp_path / "amal.zip")
    assert list(tmp_path.iterdir()) == []


def with_another_part(packed: bytes) -> bytes:
    """The zip with one byte more in one of its parts, and all else in order."""
    changed = BytesIO()
    with zipfile.ZipFile(BytesIO(packed)) as before, zipfile.ZipFile(changed, "w") as after:
        for number, name in enumerate(one for one in before.namelist() if one != MANIFEST):
            after.writestr(name, before.read(name) + (b" " if number == 0 else b""))
        after.writestr(MANIFEST, before.read(MANIFEST))
    return changed.getvalue()
