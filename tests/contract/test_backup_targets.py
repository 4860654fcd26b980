"""What every place for backups keeps to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest

from mastery_engine.domain.errors import DependencyDown, NotFound
from mastery_engine.ports import BackupTarget

MIB = 1024 * 1024


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    for value in values:
        yield value


async def broken() -> AsyncIterator[bytes]:
    yield b"x" * MIB
    raise DependencyDown("the store is gone")


async def read(target: BackupTarget, name: str) -> bytes:
    return b"".join([piece async for piece in target.read(name)])


async def test_a_new_place_is_empty(target: BackupTarget) -> None:
    assert await target.names() == []
    with pytest.raises(NotFound, match="no nothing"):
        await read(target, "nothing")


async def test_what_is_written_is_read_back_under_its_name(target: BackupTarget) -> None:
    await target.write("b", pieces(b"one", b"", b"two"))
    await target.write("a.part", pieces(b"x"))
    assert await target.names() == ["a.part", "b"]
    assert await read(target, "b") == b"onetwo"
    await target.write("b", pieces(b"three"))
    assert await read(target, "b") == b"three"


async def test_a_large_object_comes_back_in_pieces(target: BackupTarget) -> None:
    parts = [Random(number).randbytes(MIB + number) for number in range(12)]
    await target.write("large", pieces(*parts))
    found = [piece async for piece in target.read("large")]
    assert b"".join(found) == b"".join(parts)
    assert len(found) > 1


async def test_an_object_whose_writing_fails_is_not_there_and_the_reason_is_told(
    target: BackupTarget,
) -> None:
    with pytest.raises(DependencyDown, match=r"^the store is gone$"):
        await target.write("half", broken())
    assert await target.names() == []
