"""What the parts of an answer cost: the same questions with each part taken out in turn, without a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import SecretStr

from benchmarks.api.school import bearer, students
from benchmarks.api.serving import new_secret
from benchmarks.stream.school import fill
from mastery_engine.adapters.auth import TokenVerifier
from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.api.app import create_app
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.config import load_settings

_EVENTS: Final = 10_000
_ASKED: Final = 4_000
_AT_ONCE: Final = 32
_ALONE: Final = 400
_OK: Final = 200
_PATH: Final = "/api/v1/mastery/query"
Ask = Callable[[int], Awaitable[bytes]]


async def measure(folder: Path, urls: Mapping[str, str]) -> dict[str, Any]:
    """Processor time of an answer with 32 asking at once, and how long it takes with one asking, whole and without each part.

    Args:
        folder: For files.
        urls: Where state and records are kept.
    """
    secret = new_secret()
    given = {name.removeprefix("MASTERY_").lower(): url for name, url in urls.items()}
    settings = load_settings(home=folder / "stages", jwt_secret=SecretStr(secret), log_level="error", **given)
    configure_logs(settings)
    figures: dict[str, Any] = {}
    async with open_engine(settings, serves=True) as engine:
        await fill(engine, _EVENTS)
        async with engine.folding() as worker:
            await worker.drain()
        for name, changed in _variants(engine).items():
            async with AsyncExitStack() as stack:
                ask = await _asking(changed, secret, stack, without=name)
                figures["answer"] = (await ask(0)).decode()
                figures[name] = await _measured(ask)
    return figures


def _variants(engine: Engine) -> dict[str, Engine]:
    """The engine whole, and by the name of a part without it."""
    no_trail = replace(engine.adapters, audit=MemoryAuditTrail())
    return {
        "whole": engine,
        "audit": replace(engine, adapters=no_trail),
        "authentication": replace(engine),
        "limits": replace(engine),
    }


async def _asking(engine: Engine, secret: str, stack: AsyncExitStack, *, without: str) -> Ask:
    app = create_app(engine.settings, engine)
    state = await stack.enter_async_context(app.router.lifespan_context(app)) or {}
    asking = students(_EVENTS)
    parts = state["parts"]
    if without == "authentication":
        state = {**state, "parts": replace(parts, tokens=_Trusting(parts.tokens))}
    elif without == "limits":
        state = {**state, "parts": replace(parts, limits=_Unlimited())}
    told = [
        (
            [(name.lower().encode(), value.encode()) for name, value in _headers(secret, student).items()],
            msgspec.json.encode({"student_id": student}),
        )
        for student in asking
    ]

    async def ask(number: int) -> bytes:
        headers, body = told[number % len(told)]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": _PATH,
            "raw_path": _PATH.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": dict(state),
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        if sent[0]["status"] != _OK:
            raise SystemExit(f"a question was answered {sent[0]['status']}: {sent[1]['body'][:300]!r}")
        return b"".join(message.get("body", b"") for message in sent[1:])

    return ask


def _headers(secret: str, student: str) -> dict[str, str]:
    return {"Content-Type": "application/json", **bearer(secret, student, "student")}


async def _measured(ask: Ask) -> dict[str, float]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await ask(number)

    await asyncio.gather(*map(one, range(_ALONE)))
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(one, range(_ASKED)))
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    alone = time.perf_counter()
    for number in range(_ALONE):
        await ask(number)
    return {
        "rate": _ASKED / took,
        "cpu_microseconds": 1e6 * worked / _ASKED,
        "alone_microseconds": 1e6 * (time.perf_counter() - alone) / _ALONE,
    }


class _Unlimited:
    """Lets everybody pass."""

    async def admit(self, *asked: object) -> None:
        """Ask nothing."""
        del asked


class _Trusting:
    """Believes a token that it has seen."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier
        self._seen: dict[str, Any] = {}

    async def verify(self, token: str) -> Any:
        """The claims."""
        if token not in self._seen:
            self._seen[token] = await self._verifier.verify(token)
        return self._seen[token]
