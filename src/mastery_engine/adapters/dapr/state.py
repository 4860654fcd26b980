"""State store behind a sidecar.

What the component does not do is done here, as far as it can be:

- A save with an ETag is accepted where nothing is, and creates. So the key is read again just before, and a version that is not
  there any more is refused. Between look and save a key can still expire; the save then counts as one that came before that.
- A bulk save does not say which of its items it has refused, except in words (`refusals`). What these leave open is an unknown
  outcome.
- A bulk save sets the expiry by a command of its own, a transaction together with the value. So writes that expect no version
  are transactions.
- Keys cannot be listed: somebody else does that (`KeyListing`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol

from dapr.proto.common.v1.common_pb2 import Etag
from dapr.proto.runtime.v1.metadata_pb2 import GetMetadataRequest, GetMetadataResponse
from dapr.proto.runtime.v1.state_pb2 import (
    DeleteStateRequest,
    ExecuteStateTransactionRequest,
    GetBulkStateRequest,
    GetBulkStateResponse,
    SaveStateRequest,
)
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode

from mastery_engine.adapters.dapr.address import DaprAddress
from mastery_engine.adapters.dapr.failures import meaning, missing, unknown_outcome, wrong_type
from mastery_engine.adapters.dapr.packing import ITEMS_A_CALL, Numbered, cut, cut_conditional, each, waves
from mastery_engine.adapters.dapr.refusals import refused_keys
from mastery_engine.adapters.dapr.sidecar import CallFailed, Sidecar
from mastery_engine.adapters.dapr.wire import entry_of, etag_of, item_of, operation_of
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import ABSENT, Entry, StateStore, Write

COMPONENT_TYPE: Final = "state.redis"
_ASKED_BY_PING: Final = "ping"
# A read starts this many in the sidecar at a time; all at once they only wait for each other there.
_READS_AT_ONCE: Final = 4


class KeyListing(Protocol):
    """Tells keys, which a sidecar cannot."""

    def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        """Keys with that prefix, as `StateStore.scan` tells them."""
        ...


class DaprStateStore:
    """Keys to bytes, with versions of which the component gives the first half (`wire`)."""

    def __init__(
        self, address: DaprAddress, api_token: str, listing: Callable[[StateStore], KeyListing]
    ) -> None:
        """Make the channel in the running loop; nothing is asked yet.

        Args:
            address: The sidecar and the component.
            api_token: What the sidecar wants to be shown; empty for nothing.
            listing: Makes what tells the keys of this store.
        """
        self._address = address
        self._sidecar = Sidecar(address, api_token)
        self._listing = listing(self)
        self._was_there = False

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        if not keys:
            return []
        await self._meet()
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Entry | None] = {}

        async def read(some: list[str]) -> None:
            found.update(zip(some, await self._read(some), strict=True))

        await each((wanted[n : n + ITEMS_A_CALL] for n in range(0, len(wanted), ITEMS_A_CALL)), read)
        return [found[key] for key in keys]

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        if not writes:
            return []
        await self._meet()
        applied = [True] * len(writes)

        async def write(piece: list[Numbered]) -> None:
            if piece[0][1].expected is None:
                await self._transact(piece)
            else:
                for place in await self._refused(piece):
                    applied[place] = False

        for wave in waves(writes):
            conditional = [one for one in wave if one[1].expected is not None]
            others = [one for one in wave if one[1].expected is None]
            await each([*cut_conditional(conditional), *cut(others)], write)
        return applied

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        async for keys in self._listing.scan(prefix):
            yield keys

    async def expired(self) -> AsyncIterator[list[str]]:
        # It removes them by itself.
        for keys in ():
            yield keys

    async def purge(self) -> int:
        return 0

    async def ping(self) -> None:
        await self._look()
        await self._read([_ASKED_BY_PING])

    async def close(self) -> None:
        await self._sidecar.close()

    async def _meet(self) -> None:
        if not self._was_there:
            await self._look()

    async def _look(self) -> None:
        """See that the component is there, and of the type whose ways are known."""
        try:
            told = await self._sidecar.call("GetMetadata", GetMetadataRequest(), GetMetadataResponse)
        except CallFailed as failed:
            if failed.code is StatusCode.UNIMPLEMENTED:
                # A sidecar may be told to offer state alone; then nobody says what it has.
                return
            raise self._meaning(failed, []) from None
        types = {one.name: one.type for one in told.registered_components}
        kind = types.get(self._address.component)
        if kind is None:
            raise missing(self._address, was_there=self._was_there)
        if kind != COMPONENT_TYPE:
            raise wrong_type(self._address, kind, COMPONENT_TYPE)
        self._was_there = True

    async def _read(self, keys: list[str]) -> list[Entry | None]:
        request = GetBulkStateRequest(
            store_name=self._address.component, keys=keys, parallelism=_READS_AT_ONCE
        )
        try:
            answer = await self._sidecar.call("GetBulkState", request, GetBulkStateResponse)
        except CallFailed as failed:
            if failed.code is StatusCode.RESOURCE_EXHAUSTED and len(keys) > 1:
                middle = len(keys) // 2
                return await self._read(keys[:middle]) + await self._read(keys[middle:])
            raise self._meaning(failed, keys) from None
        if len(answer.items) != len(keys):
            raise DependencyDown(
                f"{self._address.shown} told {len(answer.items)} of {len(keys)} keys; trying again"
            )
        try:
            return [entry_of(item) for item in answer.items]
        except ValueError as error:
            raise self._meaning(CallFailed(StatusCode.INTERNAL, str(error)), keys) from None

    async def _transact(self, piece: list[Numbered]) -> None:
        """Write whatever is there, in order; all of it or, if the sidecar dies before, nothing."""
        request = ExecuteStateTransactionRequest(
            storeName=self._address.component, operations=[operation_of(write) for _, write in piece]
        )
        await self._call("ExecuteStateTransaction", request, [write.key for _, write in piece])

    async def _refused(self, piece: list[Numbered]) -> list[int]:
        """Write where the expected version is; returns the places of those that were refused."""
        entries = await self._read([write.key for _, write in piece])
        fits = [
            (entry.version if entry else ABSENT) == write.expected
            for (_, write), entry in zip(piece, entries, strict=True)
        ]
        refused = [place for (place, _), fit in zip(piece, fits, strict=True) if not fit]
        left = [one for one, fit in zip(piece, fits, strict=True) if fit]
        saved = [(place, write, write.value) for place, write in left if write.value is not None]
        if saved:
            request = SaveStateRequest(
                store_name=self._address.component,
                states=[item_of(write, value) for _, write, value in saved],
            )
            keys = await self._call("SaveState", request, [write.key for _, write, _ in saved])
            refused += [place for place, write, _ in saved if write.key in keys]
        for place, write in left:
            if write.value is None and write.expected != ABSENT:
                request = DeleteStateRequest(
                    store_name=self._address.component,
                    key=write.key,
                    etag=Etag(value=etag_of(write.expected or "")),
                )
                if await self._call("DeleteState", request, [write.key]):
                    refused.append(place)
        return refused

    async def _call(
        self,
        method: str,
        request: SaveStateRequest | DeleteStateRequest | ExecuteStateTransactionRequest,
        keys: list[str],
    ) -> frozenset[str]:
        """Make a call that writes; returns the keys that were refused for their versions."""
        try:
            await self._sidecar.call(method, request, Empty)
        except CallFailed as failed:
            if failed.code is not StatusCode.ABORTED:
                raise self._meaning(failed, keys) from None
            refused = refused_keys(failed.details, keys)
            if refused is None:
                raise unknown_outcome(self._address, failed.details, keys) from None
            return refused
        return frozenset()

    def _meaning(self, failed: CallFailed, keys: list[str]) -> Exception:
        return meaning(failed, self._address, keys, was_there=self._was_there)
