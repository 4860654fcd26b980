"""The two drivers over httpx: they send what a flow asks for, and differ in nothing else."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar, final

from mastery_engine import __version__
from mastery_engine.client.call import Call, Reply
from mastery_engine.client.errors import UnexpectedAnswer
from mastery_engine.client.flow import Answer, Ask, Broken, Retries, Step, Told, carry
from mastery_engine.contracts.pages import Page
from mastery_engine.domain.errors import ConfigurationError, InvalidInput

try:
    import httpx
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    if error.name != "httpx":
        raise
    raise ConfigurationError(
        "the client needs httpx, which is not here; add it with: pip install 'mastery-engine[client]'"
    ) from None

Data = TypeVar("Data")
Item = TypeVar("Item")
Token = str | Callable[[], str]
"""A token, or what gives the one that holds now, asked before every try."""
_TIMEOUT_SECONDS: Final = 30.0
_USUAL: Final = Retries()


class _Side:
    """What both drivers know: where to, as whom, and how a call becomes a request."""

    def __init__(self, server: str, token: Token | None, retries: Retries) -> None:
        if not server.startswith(("https://", "http://")):
            raise InvalidInput(f"the server {server!r} must begin with https:// or http://")
        if "@" in server:
            # Not shown: what stands before it is a password.
            raise InvalidInput("the server's address must hold no user and password; give a token")
        self.server: Final = server.rstrip("/")
        self._token = token
        self._retries = retries

    def begin(self, call: Call[Data]) -> Generator[Step, Told, Reply[Data]]:
        return carry(call, self._retries, random.random, self.server)

    def request(self, call: Call[Any]) -> dict[str, Any]:
        headers = {
            "Accept": "application/json",
            "User-Agent": f"mastery-engine/{__version__}",
            **call.headers,
        }
        if call.body is not None:
            headers["Content-Type"] = call.media_type
        if self._token is not None:
            token = self._token if isinstance(self._token, str) else self._token()
            headers["Authorization"] = f"Bearer {token}"
        return {
            "method": call.method,
            "url": f"{self.server}{call.path}",
            "params": {name: value for name, value in call.query.items() if value is not None},
            "content": call.body,
            "headers": headers,
            # Also with a client of the caller's own: a token is for the server that was named.
            "follow_redirects": False,
        }


class _Body:
    """What was read of an answer; longer than it may be, it is refused rather than kept."""

    def __init__(self, response: httpx.Response, most_bytes: int) -> None:
        self._response = response
        self._most = most_bytes
        self._read = bytearray()

    def add(self, part: bytes) -> None:
        self._read += part
        if len(self._read) > self._most:
            raise UnexpectedAnswer(f"the answer is longer than {self._most:,} bytes")

    def answer(self) -> Answer:
        headers: Mapping[str, str] = {name.lower(): value for name, value in self._response.headers.items()}
        return Answer(self._response.status_code, headers, bytes(self._read))


def _broken(error: httpx.RequestError) -> Broken:
    # An error's words may hold the whole URL, and that a student's id.
    return Broken(type(error).__name__)


@final
class Client:
    """Calls the service and waits; for threads, one may be shared.

    Example:
        with Client("https://mastery.school.example", token) as client:
            profile = client.send(calls.profile("amal"))
    """

    def __init__(
        self,
        server: str,
        token: Token | None = None,
        *,
        retries: Retries = _USUAL,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        http: httpx.Client | None = None,
    ) -> None:
        """Prepare; nothing is connected before the first call.

        Args:
            server: Address, such as `https://mastery.school.example`.
            token: See `Token`.
            retries: How often and how long a call is tried.
            timeout_seconds: Longest wait for a connection, for sending and between two parts of an answer.
            http: Another client of httpx, for its own certificates or proxies; it stays open.
        """
        self._side = _Side(server, token, retries)
        self._http = http or httpx.Client(timeout=timeout_seconds)
        self._owned = http is None

    def exchange(self, call: Call[Data]) -> Reply[Data]:
        """The answer with its headers.

        Raises:
            MasteryError: See `flow.carry`.
        """
        flow = self._side.begin(call)
        told: Told = None
        while True:
            try:
                step = flow.send(told)
            except StopIteration as ended:
                return ended.value
            told = None
            if isinstance(step, Ask):
                try:
                    told = self._ask(step.call)
                except httpx.RequestError as error:
                    told = _broken(error)
            else:
                time.sleep(step.seconds)

    def _ask(self, call: Call[Any]) -> Answer:
        with self._http.stream(**self._side.request(call)) as response:
            body = _Body(response, call.most_bytes)
            for part in response.iter_bytes():
                body.add(part)
            return body.answer()

    def send(self, call: Call[Data]) -> Data:
        """The answer; see `exchange`."""
        return self.exchange(call).data

    def items(self, call: Call[Page[Item]]) -> Iterator[Item]:
        """Everything of a list, page after page."""
        page = self.send(call)
        yield from page.items
        while page.next_cursor is not None:
            page = self.send(call.after(page.next_cursor))
            yield from page.items

    def close(self) -> None:
        """Let go of the connections; idempotent."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@final
class AsyncClient:
    """Calls the service without holding up the loop; the same calls, the same answers and errors as `Client`."""

    def __init__(
        self,
        server: str,
        token: Token | None = None,
        *,
        retries: Retries = _USUAL,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Prepare; see `Client`."""
        self._side = _Side(server, token, retries)
        self._http = http or httpx.AsyncClient(timeout=timeout_seconds)
        self._owned = http is None

    async def exchange(self, call: Call[Data]) -> Reply[Data]:
        """The answer with its headers.

        Raises:
            MasteryError: See `flow.carry`.
        """
        flow = self._side.begin(call)
        told: Told = None
        while True:
            try:
                step = flow.send(told)
            except StopIteration as ended:
                return ended.value
            told = None
            if isinstance(step, Ask):
                try:
                    told = await self._ask(step.call)
                except httpx.RequestError as error:
                    told = _broken(error)
            else:
                await asyncio.sleep(step.seconds)

    async def _ask(self, call: Call[Any]) -> Answer:
        async with self._http.stream(**self._side.request(call)) as response:
            body = _Body(response, call.most_bytes)
            async for part in response.aiter_bytes():
                body.add(part)
            return body.answer()

    async def send(self, call: Call[Data]) -> Data:
        """The answer; see `exchange`."""
        return (await self.exchange(call)).data

    async def items(self, call: Call[Page[Item]]) -> AsyncIterator[Item]:
        """Everything of a list, page after page."""
        page = await self.send(call)
        for item in page.items:
            yield item
        while page.next_cursor is not None:
            page = await self.send(call.after(page.next_cursor))
            for item in page.items:
                yield item

    async def close(self) -> None:
        """Let go of the connections; idempotent."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
