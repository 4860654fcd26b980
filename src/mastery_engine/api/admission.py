"""Who is let in: no more at once than the process bears, and none for longer than a caller waits.

A request that has taken too long is answered with 503, and its work goes on to its end unseen: what is half done is never
cut, and an event that has reached the log stays there. Whoever sends it again loses nothing, since its id counts once.
Only what does not end even then is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast, final

import structlog
from fastapi import Request

from mastery_engine.api.asgi import App, Message, Receive, Scope, Send
from mastery_engine.api.envelope import RETRY_SECONDS, failure
from mastery_engine.api.lag import LoopLag
from mastery_engine.api.operation import ALWAYS

PATIENCE: Final = 2
"""How many times its time a request may take before it is cut off."""
_STATE: Final = "admission"
_TOLD_SECONDS: Final = 10.0
_log: Final = structlog.get_logger(__name__)


def admission_of(request: Request) -> Admission:
    """That of a request."""
    return cast("Admission", request.scope["state"][_STATE])


@final
class Admission:
    """One request that was let in.

    Attributes:
        answered: An answer has begun.
        late: The answer is that there was none in time; whatever comes after it is not sent.
        cut: It has been cut off.
    """

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.answered = False
        self.late = False
        self.cut = False
        self._leaving: list[Callable[[], None]] = []
        self._timers: list[asyncio.TimerHandle] = []

    def on_leaving(self, call: Callable[[], None]) -> None:
        """Have something called once the request is over, or stays as a stream."""
        self._leaving.append(call)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Have something called if the request is still there then."""
        self._timers.append(asyncio.get_running_loop().call_later(seconds, call))

    def stay(self) -> None:
        """Go on as a stream or a long download: it takes no place any more, and no time-out ends it.

        Whoever calls this bounds by other means how many there are and how long they last.
        """
        self.leave()

    def leave(self) -> None:
        """Give the place free; idempotent."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        leaving, self._leaving = self._leaving, []
        for call in leaving:
            call()


@final
class Doorkeeper:
    """Around the application: counts what is under way, sheds what is too much, and answers for what takes too long."""

    def __init__(self, app: App, most: int, seconds: float, lag: LoopLag) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            most: Most requests under way.
            seconds: Longest that a request may take.
            lag: Tells whether the loop keeps up.
        """
        self._app = app
        self._most = most
        # A loop that is late for other reasons than requests is not helped by refusing the few that come.
        self._few = most // 10
        self._seconds = seconds
        self._lag = lag
        self._under_way = 0
        self._told = -_TOLD_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        admission = Admission()
        scope["state"][_STATE] = admission
        admitted = scope["path"] not in ALWAYS
        if admitted and self._under_way >= (self._few if self._lag.too_much else self._most):
            self._tell()
            await _unavailable(scope, receive, send, "too much is under way; nothing was done, come again")
            return
        if admitted:
            self._under_way += 1
            admission.on_leaving(self._left)
        try:
            await _InTime(self._seconds, scope, receive, send).answer(self._app)
        finally:
            admission.leave()

    def _left(self) -> None:
        self._under_way -= 1

    def _tell(self) -> None:
        """Log that it sheds, and not once for each."""
        now = asyncio.get_running_loop().time()
        if now - self._told >= _TOLD_SECONDS:
            self._told = now
            _log.warning(
                "sheds load", under_way=self._under_way, lag_milliseconds=round(self._lag.seconds * 1_000)
            )


@final
class _InTime:
    """Answers a request in time, with what the application says or for it."""

    def __init__(self, seconds: float, scope: Scope, receive: Receive, send: Send) -> None:
        self._seconds = seconds
        self._scope = scope
        self._receive = receive
        self._send = send
        self._admission = cast("Admission", scope["state"][_STATE])
        self._request_id: str = scope["state"]["request_id"]
        self._told: asyncio.Task[None] | None = None
        self._task = cast("asyncio.Task[None]", asyncio.current_task())

    async def answer(self, app: App) -> None:
        admission = self._admission
        admission.after(self._seconds, self._be_late)
        admission.after(self._seconds * PATIENCE, self._cut_off)
        try:
            await app(self._scope, self._receive, self._send_in_time)
        except asyncio.CancelledError:
            if not admission.cut:
                raise
            self._task.uncancel()
        except Exception as error:
            if not admission.late:
                raise
            _log.warning(
                "request failed after its time", request_id=self._request_id, error=type(error).__name__
            )
        if self._told is not None:
            await self._told

    async def _send_in_time(self, message: Message) -> None:
        if not self._admission.late:
            self._admission.answered = True
            await self._send(message)

    def _be_late(self) -> None:
        if self._admission.answered:
            # The caller takes nothing, or the answer has no end: there is nothing left but to hang up.
            self._cut_off()
            return
        self._admission.late = True
        _log.warning("request takes too long", request_id=self._request_id)
        words = (
            f"no answer within {self._seconds:g} s; what was sent may still be done, and may be sent again"
        )
        told = _unavailable(self._scope, self._receive, self._send, words)
        self._told = asyncio.create_task(told)

    def _cut_off(self) -> None:
        self._admission.cut = True
        _log.warning("request is cut off", request_id=self._request_id)
        self._task.cancel()


async def _unavailable(scope: Scope, receive: Receive, send: Send, words: str) -> None:
    request = Request(scope, receive)
    headers = {"Retry-After": str(RETRY_SECONDS)}
    await failure(request, "SERVICE_UNAVAILABLE", words, headers=headers)(scope, receive, send)
