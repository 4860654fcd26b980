"""Evicting what other processes have changed, by following what they send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.cached_learners import CachedLearners
from mastery_engine.engine.live import LiveHub
from mastery_engine.ports import Clock, LogFollower, Record

POLL_SECONDS: Final = 0.25
CHECK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 1.0
NOT_YET: Final = "it does not follow the results yet"
_MOST: Final = 10_000
_log: Final = structlog.get_logger(__name__)

Follow = Callable[[], Awaitable[LogFollower]]
Ping = Callable[[], Awaitable[None]]


@final
class Following:
    """Follows the results for the cache and for live updates, and pauses the cache whenever it cannot.

    A client that has lost its brokers only falls silent, so they are asked every second whether they are there.
    """

    def __init__(
        self, follow: Follow, ping: Ping, learners: CachedLearners, clock: Clock, live: LiveHub
    ) -> None:
        """Pause the cache until `run` follows.

        Args:
            follow: Opens a follower, from now on.
            ping: Returns if the results can be followed.
            learners: Whose entries are evicted.
            clock: For the waits.
            live: Told of what has changed, once it is evicted.
        """
        self._live = live
        self._follow = follow
        self._ping = ping
        self._learners = learners
        self._clock = clock
        learners.pause(NOT_YET)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow_once()
            except MasteryError as error:
                self._paused(error.message)
            except TimeoutError:
                self._paused(f"the log did not answer within {ANSWER_SECONDS:g} s")
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would pause the cache
                _log.exception("following the results has failed")
                self._paused(type(error).__name__)
            await self._clock.sleep(AGAIN_SECONDS)

    async def _follow_once(self) -> None:
        follower = await self._follow()
        try:
            await self._check()
            if self._learners.trouble not in {None, NOT_YET}:
                _log.warning("the results are followed again: learners are kept in memory")
            self._learners.resume()
            self._live.lost()
            checked = self._clock.monotonic()
            while True:
                await self._evict(await follower.poll(_MOST, POLL_SECONDS))
                if self._clock.monotonic() >= checked + CHECK_SECONDS:
                    await self._check()
                    checked = self._clock.monotonic()
        finally:
            await follower.close()

    async def _check(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._ping()

    async def _evict(self, records: Sequence[Record]) -> None:
        changed = {
            keys.document_of(record.key.decode("utf-8", "replace")): record.appended_ms for record in records
        }
        if changed:
            await self._learners.evict(changed)
            self._live.take(records)

    def _paused(self, reason: str) -> None:
        if self._learners.trouble in {None, NOT_YET}:
            _log.warning("the results cannot be followed: no learner is kept in memory", reason=reason)
        self._learners.pause(reason)
