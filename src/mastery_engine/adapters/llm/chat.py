"""Chat completions, as OpenAI and others by its example answer them: bounded in size and time, no redirect followed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Annotated, Any, Final, final

import httpx
import msgspec
from msgspec import Meta, Struct

from mastery_engine.adapters.shared.bounded_body import UNCOMPRESSED, UnfitBody, bounded_body
from mastery_engine.ports import Prompt, Rewording

MOST_BYTES: Final = 64 * 1024
"""Of an answer; one of 120 tokens with all that is told beside it has a few thousand."""
MOST_CONNECTIONS: Final = 20
_PATH: Final = "/chat/completions"
_OK: Final = 200


class _Message(Struct):
    content: str | None = None


class _Choice(Struct):
    message: _Message


class _Usage(Struct):
    total_tokens: Annotated[int, Meta(ge=0)]


class _Completion(Struct):
    choices: Annotated[list[_Choice], Meta(min_length=1)]
    usage: _Usage | None = None


class _Trouble(Exception):
    """Why there is no answer.

    Attributes:
        tokens: How many it may have taken; None if nobody knows.
    """

    def __init__(self, reason: str, tokens: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tokens = tokens


@final
class ChatCompletions:
    """A model by its endpoint."""

    def __init__(self, url: str, model: str, api_key: str = "") -> None:
        """Open nothing yet.

        Args:
            url: What stands before `/chat/completions`; https, or http on this machine.
            model: Its name there.
            api_key: Sent as a bearer token; empty for none.
        """
        self._url = url.rstrip("/") + _PATH
        self._model = model
        self._headers = {"Accept": "application/json", **UNCOMPRESSED}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._client: httpx.AsyncClient | None = None

    @property
    def model(self) -> str:
        return self._model

    async def rewrite(self, prompts: Sequence[Prompt], most_tokens: int, seconds: float) -> list[Rewording]:
        client = self._opened()
        tasks = [asyncio.ensure_future(self._one(client, one, most_tokens, seconds)) for one in prompts]
        if not tasks:
            return []
        try:
            await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [Rewording(None, None, "timeout") if one.cancelled() else one.result() for one in tasks]

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                # A redirect could lead to anybody, with the key.
                follow_redirects=False,
                # It would be sent back with each sentence, tell them to be of one sender, and grow without end.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                # A proxy of the environment sees nothing of TLS, and all of what is meant for this machine.
                trust_env=self._url.startswith("https:"),
                limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
            )
        return self._client

    async def _one(
        self, client: httpx.AsyncClient, prompt: Prompt, most_tokens: int, seconds: float
    ) -> Rewording:
        asked: dict[str, Any] = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": prompt.instructions},
                {"role": "user", "content": prompt.sentence},
            ],
            "max_tokens": most_tokens,
            "temperature": 0,
            "n": 1,
            "stream": False,
        }
        try:
            return _read(await self._body(client, asked, seconds))
        except _Trouble as trouble:
            return Rewording(None, trouble.tokens, trouble.reason)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Rewording(None, 0, type(error).__name__)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Rewording(None, None, type(error).__name__)

    async def _body(self, client: httpx.AsyncClient, asked: dict[str, Any], seconds: float) -> bytes:
        async with client.stream(
            "POST", self._url, json=asked, headers=self._headers, timeout=max(seconds, 0.001)
        ) as answer:
            if answer.status_code != _OK:
                raise _Trouble(f"status {answer.status_code}", 0)
            try:
                return await bounded_body(answer, MOST_BYTES)
            except UnfitBody as error:
                raise _Trouble(str(error)) from None


def _read(body: bytes) -> Rewording:
    try:
        found = msgspec.json.decode(body, type=_Completion)
    # RecursionError: as deep as 64 KiB can be.
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Rewording(None, None, "no chat completion")
    tokens = None if found.usage is None else found.usage.total_tokens
    text = found.choices[0].message.content
    return Rewording(text, tokens) if text else Rewording(None, tokens, "no text")
