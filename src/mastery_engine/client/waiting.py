"""How work that takes longer than an answer is waited for. Without any IO of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from mastery_engine.client import calls
from mastery_engine.client.call import Call
from mastery_engine.client.flow import Flow, Pause, Way, carry
from mastery_engine.client.retry_after import seconds_asked
from mastery_engine.contracts.job_view import JobView
from mastery_engine.contracts.privacy_request import RequestView
from mastery_engine.domain.errors import MasteryError

Work = TypeVar("Work", JobView, RequestView)
_FIRST_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 5.0
_GROWTH: Final = 1.5
_GOES_ON: Final = frozenset({"queued", "running", "open"})


class WorkFailed(MasteryError):
    """A job or a request has failed, or was cancelled.

    Attributes:
        work: How it stands.
    """

    code = "WORK_FAILED"

    def __init__(self, message: str, work: JobView | RequestView) -> None:
        super().__init__(message)
        self.work = work


class StillRunning(MasteryError):
    """It was waited for as long as was wanted; the work goes on.

    Attributes:
        work: How it stands.
    """

    code = "STILL_RUNNING"

    def __init__(self, message: str, work: JobView | RequestView) -> None:
        super().__init__(message)
        self.work = work


def looking_at(begun: JobView | RequestView | str) -> Call[JobView] | Call[RequestView]:
    """What asks how it stands; a mere id is that of a job."""
    if isinstance(begun, RequestView):
        return calls.privacy_request(begun.request_id)
    return calls.job(begun if isinstance(begun, str) else begun.job_id)


def wait(
    way: Way,
    call: Call[Work],
    now: Callable[[], float],
    timeout: float | None,
    on_progress: Callable[[Work], None] | None,
) -> Flow[Work]:
    """Ask until it is done, ever more seldom.

    Args:
        way: Where to and how often.
        call: Asks how it stands.
        now: Seconds on a clock that goes on.
        timeout: Longest wait in seconds; None waits for as long as it takes.
        on_progress: Given how it stands, each time that this has changed.

    Raises:
        WorkFailed: It failed, or was cancelled.
        StillRunning: The time is over.
        MasteryError: As for any call.
    """
    began, pause = now(), _FIRST_SECONDS
    seen: Work | None = None
    while True:
        reply = yield from carry(way, call)
        work = reply.data
        if on_progress is not None and work != seen:
            on_progress(work)
        seen = work
        if work.state not in _GOES_ON:
            return _done(work)
        asked = seconds_asked(reply.headers)
        seconds = pause * (0.5 + way.random() / 2) if asked is None else asked
        if timeout is not None:
            left = began + timeout - now()
            if left <= 0:
                raise StillRunning(f"{_name(work)} is not done after {timeout:g} s; it goes on", work)
            seconds = min(seconds, left)
        yield Pause(seconds)
        pause = min(pause * _GROWTH, _LONGEST_SECONDS)


def _done(work: Work) -> Work:
    if work.state == "cancelled":
        raise WorkFailed(f"{_name(work)} was cancelled", work)
    if work.state == "failed":
        why = work.message if isinstance(work, JobView) else None
        raise WorkFailed(f"{_name(work)} has failed: {why or 'see its report'}", work)
    return work


def _name(work: JobView | RequestView) -> str:
    return f"job {work.job_id}" if isinstance(work, JobView) else f"request {work.request_id}"
