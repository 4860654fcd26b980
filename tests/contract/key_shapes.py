"""The same cases with other keys: a store may keep keys that end in a UUID in another way."""

from collections.abc import AsyncIterator, Callable, Sequence
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from msgspec.structs import replace

from mastery_engine.ports import Entry, Write
from tests.contract.factories import PurgingStore

_LONGEST = 500
Shape = Callable[[str], str]


def _of_one_kind(name: str) -> str:
    return f"kind:{uuid5(NAMESPACE_URL, name)}"


def _of_many_kinds(name: str) -> str:
    key = f"{name}:{uuid5(NAMESPACE_URL, name)}"
    return key if len(key) <= _LONGEST else name


SHAPES: dict[str, Shape] = {
    "as they are": lambda name: name,
    "UUIDs of one kind": _of_one_kind,
    "UUIDs of many kinds": _of_many_kinds,
    "some UUIDs": lambda name: _of_one_kind(name) if crc32(name.encode()) % 2 else name,
}


class ShapedStore:
    """A store whose names become keys of a shape, and back."""

    def __init__(self, store: PurgingStore, shape: Shape) -> None:
        self._store = store
        self._shape = shape
        self._names: dict[str, str] = {}

    def _key(self, name: str) -> str:
        key = self._shape(name)
        self._names[key] = name
        return key

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        return await self._store.get_many([self._key(name) for name in keys])

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        return await self._store.write_many([replace(write, key=self._key(write.key)) for write in writes])

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        # Elsewhere the beginning of a name is not the beginning of its key.
        asked = prefix if self._shape in (SHAPES["as they are"], _of_many_kinds) else ""
        async for keys in self._store.scan(asked):
            yield [name for name in (self._names[key] for key in keys) if name.startswith(prefix)]

    async def expired(self) -> AsyncIterator[list[str]]:
        async for keys in self._store.expired():
            yield [self._names[key] for key in keys]

    async def purge(self) -> int:
        return await self._store.purge()

    async def ping(self) -> None:
        await self._store.ping()

    async def close(self) -> None:
        await self._store.close()
