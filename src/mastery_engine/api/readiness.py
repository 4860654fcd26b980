"""Whether a process lives and is ready: the same two routes for the service, the worker and the archiver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeVar, cast, final

import structlog
from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.envelope import RETRY_SECONDS, clock_of, failure, moment_text, success
from mastery_engine.api.models import Detail
from mastery_engine.api.parts import check_accept
from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.caches import cache_troubles
from mastery_engine.bootstrap.tokens import Tokens
from mastery_engine.bootstrap.watching import Trouble
from mastery_engine.contracts.service import Dependency, Health, Readiness
from mastery_engine.domain.errors import DependencyDown, MasteryError
from mastery_engine.engine.committed import lag_of
from mastery_engine.ports import LogConsumer

PING_SECONDS: Final = 2.0
_log: Final = structlog.get_logger(__name__)
router: Final = APIRouter(dependencies=[Depends(check_accept)])
T = TypeVar("T")


@final
class SeenDown:
    """Since when each part is down, as far as this process has seen it."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}

    def is_news(self, name: str) -> bool:
        """Whether a part was not seen down when it was last looked at."""
        return name not in self._since

    def since(self, down: Collection[str], now_ms: int) -> Mapping[str, int]:
        """Unix milliseconds at which each was first seen down, without a break until now.

        Args:
            down: All that are down now.
            now_ms: Now, in Unix milliseconds.
        """
        self._since = {name: self._since.get(name, now_ms) for name in down}
        return self._since


@dataclass(frozen=True, slots=True)
class Watched:
    """What a process needs, and what works in it.

    Attributes:
        pings: By name of a dependency, what returns if it answers.
        troubles: By name of what works in this process, why it waits.
        lag: How many events are still to be done with, None where nobody can tell.
        tells_why: Whether reasons are told here: they name files and hosts, and these routes ask for no token.
        degraded: By name of what the process can do without, why it does.
        seen: What was down when it was asked for before.
        seen_degraded: What was degraded then.
    """

    pings: Mapping[str, Callable[[], Awaitable[None]]]
    troubles: Mapping[str, Trouble] = field(default_factory=dict[str, Trouble])
    lag: Callable[[], Awaitable[int]] | None = None
    tells_why: bool = True
    degraded: Mapping[str, Callable[[], str | None]] = field(
        default_factory=dict[str, Callable[[], str | None]]
    )
    seen: SeenDown = field(default_factory=SeenDown)
    seen_degraded: SeenDown = field(default_factory=SeenDown)


def watched_of(
    engine: Engine,
    troubles: Mapping[str, Trouble],
    consumer: LogConsumer,
    *,
    archives: bool,
    tasks: Mapping[str, Callable[[], str | None]] | None = None,
    tokens: Tokens | None = None,
) -> Watched:
    """What there is to watch.

    Args:
        engine: Open.
        troubles: See `Watched`.
        consumer: Of the group whose lag is told; it is asked what is committed and never polled.
        archives: Whether this process needs the stores of record.
        tasks: By name of what it does beside answering, why it does not just now.
        tokens: What this process verifies tokens with, if it takes any.
    """
    adapters = engine.adapters
    pings: dict[str, Callable[[], Awaitable[None]]] = {"store": adapters.store.ping, "log": adapters.log.ping}
    if adapters.apart is not None:
        pings["registry"] = adapters.apart.codec.ping
    if archives:
        pings["archive"] = adapters.archive.ping
    if tokens is not None:
        pings |= tokens.pings

    async def lag() -> int:
        return await lag_of(adapters.log, consumer)

    tells_why = engine.settings.env != "production"
    degraded = {**cache_troubles(engine.cached), **(tasks or {})}
    if tokens is not None:
        degraded |= tokens.degraded
    return Watched(pings, troubles, lag, tells_why=tells_why, degraded=degraded)


async def watched_by(request: Request) -> Watched:
    """What the lifespan has put there to be watched."""
    return cast("Watched", request.state.watched)


WatchedNeeded = Annotated[Watched, Depends(watched_by)]


@router.get("/health")
async def health(request: Request) -> Response:
    """Whether the process lives; no dependency is asked."""
    return success(request, Health())


@router.get("/ready")
async def ready(request: Request, watched: WatchedNeeded) -> Response:
    """Whether everything answers that the process needs, and what works in it does not wait."""
    waiting = {name: trouble() for name, trouble in watched.troubles.items()}
    reasons = await ping_reasons(watched)
    reasons.update({name: one and one.reason for name, one in waiting.items()})
    # Who does not answer a ping would not answer this either.
    lag = await _answer(watched.lag()) if watched.lag is not None and reasons.get("log") is None else None
    down = {name: reason for name, reason in reasons.items() if reason is not None}
    since = {
        **watched.seen.since(down, clock_of(request).now_ms()),
        **{name: one.since_ms for name, one in waiting.items() if one and one.since_ms is not None},
    }
    if not down:
        up = tuple(Dependency(name=name, status="up") for name in reasons)
        up += _degraded(watched, clock_of(request).now_ms())
        known = lag if isinstance(lag, int) else None
        return success(request, Readiness(status="ready", dependencies=up, lag=known))
    _log.warning("not ready", request_id=request.state.request_id, **down)
    if not watched.tells_why:
        down = dict.fromkeys(down, "is down; the log of the service tells why")
    details = [
        Detail(field=name, value="down", rule=reason, since=moment_text(since[name]))
        for name, reason in down.items()
    ]
    if isinstance(lag, int) and lag:
        details.append(Detail(field="lag", value=str(lag), rule="events are in the log and wait"))
    message = f"not ready: {', '.join(down)}"
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return failure(request, DependencyDown.code, message, tuple(details), headers)


async def ping_reasons(watched: Watched) -> dict[str, str | None]:
    """By name of a dependency, why it does not answer; None where it does."""
    told = await asyncio.gather(*(_answer(ping()) for ping in watched.pings.values()))
    return dict(zip(watched.pings, told, strict=True))


def _degraded(watched: Watched, now_ms: int) -> tuple[Dependency, ...]:
    """What the process can do without, and why it does; in the log, once, where it may not be told here."""
    reasons = {name: trouble() for name, trouble in watched.degraded.items()}
    found = {name: reason for name, reason in reasons.items() if reason is not None}
    for name, reason in found.items():
        if watched.seen_degraded.is_news(name):
            _log.warning("degraded", name=name, reason=reason)
    since = watched.seen_degraded.since(found, now_ms)
    return tuple(
        Dependency(name=name, status="up")
        if reason is None
        else Dependency(
            name=name,
            status="degraded",
            reason=reason if watched.tells_why else "is degraded; the log of the service tells why",
            since=moment_text(since[name]),
        )
        for name, reason in reasons.items()
    )


async def _answer(asked: Awaitable[T]) -> T | str:
    """The answer, or why there is none."""
    try:
        async with asyncio.timeout(PING_SECONDS):
            return await asked
    except MasteryError as error:
        return error.message
    except TimeoutError:
        return f"did not answer within {PING_SECONDS:g} s"
