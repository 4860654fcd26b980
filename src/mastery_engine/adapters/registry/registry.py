"""The registry's few questions; every answer by id is kept, for a schema under an id never changes."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar, cast, final

from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, Schema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from mastery_engine.domain.errors import ConfigurationError, DependencyDown

ANSWER_SECONDS: Final = 4.0
UNKNOWN_KEPT_SECONDS: Final = 30.0
MOST_UNKNOWN: Final = 1_000
COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
_STRICT_ENOUGH: Final = frozenset({COMPATIBILITY, "FULL_TRANSITIVE"})
_NOT_FOUND: Final = 404
_UNKNOWN: Final = frozenset({40_401, 40_402, 40_403})
"""How a registry says that it has no such subject, version or schema; any other 404 comes from something else in its place."""
_TOO_BUSY: Final = frozenset({408, 429})
_REFUSED: Final = frozenset({409, 422})
_DENIED: Final = frozenset({401, 403})
T = TypeVar("T")


@final
class SchemaRegistry:
    """Asks a registry.

    Attributes:
        url: As it may be shown.
    """

    def __init__(self, url: str, shown: str) -> None:
        """Nothing is asked yet.

        Args:
            url: Of its Confluent-compatible interface; may hold user and password.
            shown: The URL without them.
        """
        self.url = shown
        self._settings: dict[str, Any] = {"url": url, "timeout": ANSWER_SECONDS, "max.retries": 0}
        self._opened: AsyncSchemaRegistryClient | None = None
        self._by_id: dict[int, dict[str, Any]] = {}
        self._unknown: dict[int, float] = {}
        self._answers = False

    async def schemas(self, ids: Iterable[int]) -> dict[int, dict[str, Any] | None]:
        """Schemas by id, None for an id that the registry does not know.

        Raises:
            DependencyDown: It does not answer.
        """
        return {one: await self._schema(one) for one in ids}

    async def id_of(self, subject: str, schema: dict[str, Any]) -> int | None:
        """Id of a schema that is registered under a subject, None if it is not."""
        try:
            found = await self._ask(self._client().lookup_schema(subject, _as_sent(schema)))
        except _Refused as error:
            if error.status == _NOT_FOUND:
                return None
            raise self._misused(error) from None
        return cast("int", found.schema_id)

    async def register(self, subject: str, schema: dict[str, Any]) -> int:
        """Register a schema, under a subject that keeps to `COMPATIBILITY` from now on; returns its id.

        Raises:
            ConfigurationError: It would break who reads what an older schema wrote.
        """
        client = self._client()
        try:
            await self._ask(client.set_compatibility(subject, COMPATIBILITY))
            return await self._ask(client.register_schema(subject, _as_sent(schema)))
        except _Refused as error:
            if error.status in _REFUSED:
                raise ConfigurationError(
                    f"{subject}: the registry refuses the schema: {error.told}"
                ) from None
            raise self._misused(error) from None

    async def is_compatible(self, subject: str, schema: dict[str, Any]) -> bool:
        """Whether the registry would take the schema as the subject's next version; a new subject takes any."""
        try:
            return await self._ask(self._client().test_compatibility(subject, _as_sent(schema)))
        except _Refused as error:
            if error.status == _NOT_FOUND:
                return True
            raise self._misused(error) from None

    async def is_guarded(self, subject: str) -> bool:
        """Whether the registry holds the next schema of a subject to `COMPATIBILITY`, or to more."""
        try:
            level = await self._ask(self._client().get_compatibility(subject))
        except _Refused as error:
            if error.status == _NOT_FOUND:
                # None of its own: that of all subjects.
                level = await self._ask(self._client().get_compatibility())
            else:
                raise self._misused(error) from None
        return level in _STRICT_ENOUGH

    async def ping(self) -> None:
        """Return if it answers; if it did so when it was asked last, it is not asked: what it has told is kept.

        Raises:
            DependencyDown: It does not answer.
        """
        if not self._answers:
            with suppress(_Refused):
                await self._ask(self._client().get_compatibility())

    async def close(self) -> None:
        """Let go; idempotent."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _schema(self, schema_id: int) -> dict[str, Any] | None:
        known = self._by_id.get(schema_id)
        if known is not None:
            return known
        if self._unknown.get(schema_id, 0.0) > time.monotonic():
            return None
        try:
            found = await self._ask(self._client().get_schema(schema_id))
        except _Refused as error:
            if error.status != _NOT_FOUND:
                raise self._misused(error) from None
            if len(self._unknown) >= MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[schema_id] = time.monotonic() + UNKNOWN_KEPT_SECONDS
            return None
        read: object = json.loads(found.schema_str or "null")
        schema = cast("dict[str, Any]", read) if isinstance(read, dict) else {"type": read}
        self._by_id[schema_id] = schema
        return schema

    def _client(self) -> AsyncSchemaRegistryClient:
        if self._opened is None:
            self._opened = AsyncSchemaRegistryClient(self._settings)
        return self._opened

    async def _ask(self, question: Awaitable[T]) -> T:
        self._answers = False
        try:
            found = await question
        except SchemaRegistryError as error:
            status = error.http_status_code
            if status >= 500 or status in _TOO_BUSY:  # noqa: PLR2004 - HTTP
                raise DependencyDown(
                    f"the schema registry at {self.url} failed: {error.error_message}"
                ) from None
            if status == _NOT_FOUND and error.error_code not in _UNKNOWN:
                # A proxy whose registry is away, or a wrong path: taken for "no such schema", all events would be refused.
                raise DependencyDown(
                    f"what answers at {self.url} is no schema registry (404); look at MASTERY_REGISTRY_URL"
                ) from None
            self._answers = True
            raise _Refused(status, str(error.error_message)) from None
        except Exception as error:
            if not _is_of_the_wire(error):
                raise
            raise DependencyDown(
                f"the schema registry at {self.url} does not answer ({_reason(error)}); see that it runs there, and look at "
                "MASTERY_REGISTRY_URL"
            ) from None
        self._answers = True
        return found

    def _misused(self, error: _Refused) -> ConfigurationError:
        advice = "; check user and password in MASTERY_REGISTRY_URL" if error.status in _DENIED else ""
        return ConfigurationError(
            f"the schema registry at {self.url} answers {error.status}: {error.told}{advice}"
        )


class _Refused(Exception):
    """The registry has understood, and says no."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status
        self.told = told


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _is_of_the_wire(error: Exception) -> bool:
    """Whether the client could not speak to the registry; its HTTP library has had two names."""
    return type(error).__module__.partition(".")[0] in {"httpx", "httpx2", "httpcore"} or isinstance(
        error, OSError
    )


def _as_sent(schema: dict[str, Any]) -> Schema:
    return Schema(json.dumps(schema), "AVRO")
