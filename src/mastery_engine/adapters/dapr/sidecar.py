"""Calls of one sidecar."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, TypeVar, cast

import grpc
from dapr.proto.runtime.v1 import dapr_pb2_grpc
from google.protobuf.message import Message
from grpc import aio

from mastery_engine.adapters.dapr.address import DaprAddress

CALL_SECONDS: Final = 10.0
"""Longest time for any call, the sidecar's own tries included."""
MOST_IN_FLIGHT: Final = 16
_MOST_RECONNECT_MS: Final = 1_000
# An answer may be as large as the sidecar likes; the reasons of one hundred refused writes, told in a header, are long.
_MOST_MESSAGE_BYTES: Final = -1
_MOST_HEADER_BYTES: Final = 1 << 20
_READS: Final = ("GetState", "GetBulkState", "GetMetadata")
_SERVICE: Final = "dapr.proto.runtime.v1.Dapr"
_RETRY: Final = {
    "maxAttempts": 4,
    "initialBackoff": "0.05s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MOST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MOST_MESSAGE_BYTES),
    ("grpc.max_metadata_size", _MOST_HEADER_BYTES),
    ("grpc.absolute_max_metadata_size", _MOST_HEADER_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", _MOST_RECONNECT_MS),
    # A proxy of the environment is for the world outside, and a sidecar is not there.
    ("grpc.enable_http_proxy", 0),
    # Only reads are tried again: of a write nobody knows whether it was done.
    (
        "grpc.service_config",
        json.dumps(
            {
                "methodConfig": [
                    {
                        "name": [{"service": _SERVICE, "method": name} for name in _READS],
                        "retryPolicy": _RETRY,
                    }
                ]
            }
        ),
    ),
)

_Answer = TypeVar("_Answer", bound=Message)


class CallFailed(Exception):
    """A call that came to nothing, or of which nobody knows.

    Attributes:
        code: gRPC's.
        details: The sidecar's own words; they may tell keys, and with them students.
    """

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(code.name)
        self.code = code
        self.details = details


class Sidecar:
    """A channel to a sidecar, with its token and its deadlines."""

    def __init__(self, address: DaprAddress, api_token: str) -> None:
        """Make a channel in the running loop; nothing is asked yet.

        Args:
            address: Where it is.
            api_token: What it wants to be shown; empty for nothing.
        """
        self._channel: Any = (
            aio.secure_channel(address.target, grpc.ssl_channel_credentials(), options=_OPTIONS)
            if address.tls
            else aio.insecure_channel(address.target, options=_OPTIONS)
        )
        self._stub: Any = cast("Any", dapr_pb2_grpc).DaprStub(self._channel)
        self._metadata = (("dapr-api-token", api_token),) if api_token else ()
        self._turn = asyncio.Semaphore(MOST_IN_FLIGHT)

    async def call(self, method: str, request: Message, answer: type[_Answer]) -> _Answer:
        """Call a method of the service.

        Args:
            method: Its name.
            request: What it takes.
            answer: What it gives.

        Raises:
            CallFailed: It gave none in time, or an error.
        """
        async with self._turn:
            try:
                given = await getattr(self._stub, method)(
                    request, timeout=CALL_SECONDS, metadata=self._metadata
                )
            except aio.AioRpcError as error:
                raise CallFailed(error.code(), error.details() or "") from None
        assert isinstance(given, answer)  # noqa: S101 - the stub has decoded it
        return given

    async def close(self) -> None:
        """Let go of the channel; idempotent."""
        await self._channel.close()
