"""A backup in an object store: S3 and what speaks like it, Google's, Azure's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast, final

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import ObjectStore, from_url

from mastery_engine.domain.errors import ConfigurationError, DependencyDown, NotFound

if TYPE_CHECKING:
    from obstore.store import RetryConfig

# A list that is refused has no error of its own.
_NO_BUCKET: Final = "NoSuchBucket"
_REFUSED: Final = re.compile(r"status code: 40[13]\b")
_PIECE: Final = 1024 * 1024
_RETRIES: Final = 3
_RETRY_SECONDS: Final = 30
_OURS: Final = (
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
# As they are used here: the library's own types leave kinds open that do not matter to us.
_FromUrl = Callable[..., ObjectStore]
_List = Callable[[ObjectStore], AsyncIterable[Sequence[Mapping[str, Any]]]]


@final
class ObjectsTarget:
    """Objects under one path; each is there when it is whole.

    Attributes:
        where: The URL.
    """

    def __init__(self, store: ObjectStore, where: str) -> None:
        """Use a store of obstore's.

        Args:
            store: With the path as its prefix.
            where: For people.
        """
        self.where = where
        self._store = store

    @classmethod
    def at(cls, url: str) -> ObjectsTarget:
        """The path that a URL names; users and keys come from the environment, as the store's own tools take them.

        Raises:
            ConfigurationError: It names none, or the environment lacks something.
        """
        patience: RetryConfig = {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_SECONDS)}
        try:
            store = cast("_FromUrl", from_url)(url, retry_config=patience)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(
                f"{url} names no object store that can be used ({_brief(error)}); write it like s3://BUCKET/PATH, and set the "
                "variables that its own tools take (AWS_…, GOOGLE_…, AZURE_…)"
            ) from None
        return cls(store, url)

    async def names(self) -> list[str]:
        found: list[str] = []
        with self._told("listed"):
            async for batch in cast("_List", obstore.list)(self._store):
                found += [one["path"] for one in batch]
        return sorted(found)

    async def write(self, name: str, pieces: AsyncIterable[bytes]) -> None:
        failures: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for piece in pieces:
                    yield piece
            except BaseException as error:
                failures.append(error)
                raise

        with self._told("written"):
            try:
                await obstore.put_async(self._store, name, watched())
            except BaseException:
                # What the pieces ended with is told as it is, and not as the library's words for it.
                if failures:
                    raise failures[0] from None
                raise

    async def read(self, name: str) -> AsyncIterator[bytes]:
        with self._told("read"):
            try:
                found = await obstore.get_async(self._store, name)
            except FileNotFoundError:
                raise NotFound(f"{self.where} has no {name}") from None
            async for piece in found.stream(min_chunk_size=_PIECE):
                yield bytes(piece)

    async def close(self) -> None:
        return

    @contextmanager
    def _told(self, what: str) -> Generator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{self.where} cannot be {what} ({_brief(error)}); see that the bucket is there"
            ) from None
        except _OURS as error:
            raise self._refused(what, error) from None
        except (BaseError, OSError) as error:
            if _NO_BUCKET in str(error):
                raise ConfigurationError(f"{self.where} cannot be {what}: there is no such bucket") from None
            if _REFUSED.search(str(error)):
                raise self._refused(what, error) from None
            raise DependencyDown(f"{self.where} cannot be {what} ({_brief(error)}); try again") from None

    def _refused(self, what: str, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"{self.where} cannot be {what} ({_brief(error)}); look at the user's rights and the variables "
            "AWS_…, GOOGLE_… or AZURE_…"
        )


def _brief(error: Exception) -> str:
    """The first line: behind it comes the library's inside."""
    first = str(error).strip().partition("\n")[0]
    return first[:300] + ("…" if len(first) > 300 else "")  # noqa: PLR2004 - a line or three
