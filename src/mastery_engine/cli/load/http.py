"""A load sent to the service; an update can be seen once a read that asks for it answers.

It does not send with `mastery_engine.client`, whose `Idempotency-Key` lets the service keep a record of each batch: that is not
what is measured here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, final

from mastery_engine.cli.load.pace import Due
from mastery_engine.cli.load.watch import Watch
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, InvalidInput
from mastery_engine.ports import Clock

try:
    import httpx
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    if error.name != "httpx":
        raise
    raise ConfigurationError(
        "sending over HTTP needs httpx, which is not here; add it with: pip install 'mastery-engine[client]'"
    ) from None

MOST: Final = 500
_READS: Final = 16
_TRIES: Final = 60
_TIMEOUT_SECONDS: Final = 30.0
_OVERLOADED: Final = frozenset({429, 503})
_ACCEPTED: Final = 202
_NOT_FOUND: Final = 404
_INGEST: Final = "/api/v1/mastery/ingest"
_QUERY: Final = "/api/v1/mastery/query"


@final
class HttpTarget:
    """Sends batches, and reads a student of each with the position that was answered."""

    most = MOST

    def __init__(self, client: httpx.AsyncClient, watch: Watch, clock: Clock) -> None:
        """Put the parts together; see `open_http`."""
        self._client = client
        self._watch = watch
        self._clock = clock
        self._reads = asyncio.Semaphore(_READS)
        self._reading: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None

    async def send(self, batch: Sequence[Due]) -> None:
        """Return once the service has accepted what it accepts.

        Raises:
            DependencyDown: It does not answer, or not well, in many tries.
            MasteryError: It refuses the caller.
        """
        for one in batch:
            self._watch.expect(one.event.event_id, one.at)
        body = b"[" + b",".join(encode_event(one.event) for one in batch) + b"]"
        answer = await self._post(_INGEST, {"content-type": "application/json"}, content=body)
        if answer.status_code != _ACCEPTED:
            if not _is_about_events(answer):
                raise InvalidInput(f"the service refuses the load: {_message(answer)}")
            self._refuse(batch, answer.json()["error"]["details"])
            return
        data: dict[str, Any] = answer.json()["data"]
        refused = {one["index"] for one in data["results"] if not one["accepted"]}
        self._refuse(batch, [detail for one in data["results"] for detail in one["errors"]])
        accepted = [one.event for place, one in enumerate(batch) if place not in refused]
        self._watch.sent += len(accepted)
        names, student = [one.event_id for one in accepted], accepted[-1].student_id
        task = asyncio.create_task(self._read(names, student, data["position"]))
        self._reading.add(task)
        task.add_done_callback(self._read_ended)

    async def look(self) -> None:
        """Wait a moment for reads to answer.

        Raises:
            MasteryError: One failed.
        """
        if self._reading:
            await asyncio.wait(self._reading, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
        else:
            await self._clock.sleep(0.01)
        if self._failed is not None:
            raise self._failed

    async def close(self) -> None:
        """Let go of reads that nobody waits for."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    async def _read(self, names: Sequence[str], student: str, position: str) -> None:
        async with self._reads:
            answer = await self._post(
                _QUERY,
                {"X-Mastery-Position": position},
                json={"student_id": student, "include_components": False},
            )
        if not answer.is_success and answer.status_code != _NOT_FOUND:
            raise InvalidInput(
                f"the service accepts events and refuses to show their updates: {_message(answer)}; "
                "MASTERY_TOKEN must be of an admin"
            )
        self._watch.see(names, self._clock.monotonic())

    async def _post(self, path: str, headers: dict[str, str], **body: Any) -> httpx.Response:
        """Send, again while the service has no room or what is asked for is not folded yet."""
        told = ""
        for _ in range(_TRIES):
            try:
                answer = await self._client.post(path, headers=headers, **body)
            except httpx.TransportError as error:
                told = str(error) or type(error).__name__
                await self._clock.sleep(1.0)
                continue
            if answer.status_code not in _OVERLOADED:
                return answer
            told = _message(answer)
            if path == _INGEST:
                await self._clock.sleep(float(answer.headers.get("Retry-After", "1")))
        raise DependencyDown(f"the service at {self._client.base_url} does not answer well: {told}")

    def _refuse(self, batch: Sequence[Due], details: Sequence[dict[str, Any]]) -> None:
        """Note each refused event once, with the first of its broken rules."""
        reasons: dict[int, str] = {}
        for detail in details:
            reasons.setdefault(detail["index"], f"{detail['field']} {detail['rule']}".strip())
        for place, reason in reasons.items():
            self._watch.refuse(batch[place].event.event_id, reason)

    def _read_ended(self, task: asyncio.Task[None]) -> None:
        self._reading.discard(task)
        if not task.cancelled() and self._failed is None:
            self._failed = task.exception()


@asynccontextmanager
async def open_http(server: str, token: str, watch: Watch, clock: Clock) -> AsyncGenerator[HttpTarget]:
    """A target at a service.

    Args:
        server: Its URL, like `http://127.0.0.1:8080`.
        token: Of an admin, who may send events and read results.
        watch: Notes what is seen.
        clock: For the waits.

    Raises:
        InvalidInput: The URL is none, or there is no token.
    """
    if not server.startswith(("http://", "https://")):
        raise InvalidInput(f"--server {server!r} must begin with http:// or https://")
    if not token:
        raise InvalidInput("--to http needs the token of an admin in the environment variable MASTERY_TOKEN")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=_TIMEOUT_SECONDS) as client:
        target = HttpTarget(client, watch, clock)
        try:
            yield target
        finally:
            await target.close()


def _is_about_events(answer: httpx.Response) -> bool:
    """Whether the events were at fault, and not the caller."""
    return answer.status_code == 400 and bool(answer.json()["error"]["details"])  # noqa: PLR2004


def _message(answer: httpx.Response) -> str:
    try:
        return f"{answer.status_code} {answer.json()['error']['message']}"
    except (ValueError, KeyError, TypeError):
        return str(answer.status_code)
