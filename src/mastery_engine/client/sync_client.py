"""The client that waits: it does what a flow asks for, as `AsyncClient` does, and differs in nothing else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar, final, overload

import httpx

from mastery_engine.client import calls
from mastery_engine.client.call import Call, Paged, Reply
from mastery_engine.client.export_file import export_file
from mastery_engine.client.flow import Answer, Ask, Flow, Random, Retries, Told, carry
from mastery_engine.client.following import (
    MEDIA_TYPE,
    QUIET_SECONDS,
    Following,
    FollowTold,
    Open,
    Opened,
    Part,
    Read,
    Tell,
    Update,
    follow,
    stream,
)
from mastery_engine.client.side import TIMEOUT_SECONDS, USUAL, Body, Side, Token, broken, is_stream
from mastery_engine.client.waiting import Work, looking_at, wait
from mastery_engine.contracts.job_view import JobView

Data = TypeVar("Data")
Item = TypeVar("Item")


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
        retries: Retries = USUAL,
        timeout_seconds: float = TIMEOUT_SECONDS,
        random: Random = random.random,
        http: httpx.Client | None = None,
    ) -> None:
        """Prepare; nothing is connected before the first call.

        Args:
            server: Address, such as `https://mastery.school.example`.
            token: See `Token`.
            retries: How often and how long a call is tried.
            timeout_seconds: Longest wait for a connection, for sending and between two parts of an answer.
            random: Draws the pauses between tries: a number in [0, 1).
            http: Another client of httpx, for its own certificates or proxies; it stays open.
        """
        self._side = Side(server, token, retries, random)
        self._http = http or httpx.Client(timeout=timeout_seconds)
        self._owned = http is None
        self._closed = False

    def exchange(self, call: Call[Data]) -> Reply[Data]:
        """The answer with its headers.

        Raises:
            MasteryError: See `flow.carry`.
        """
        return self._run(carry(self._side.way, call))

    def send(self, call: Call[Data]) -> Data:
        """The answer; see `exchange`."""
        return self.exchange(call).data

    def items(self, call: Call[Paged[Item]]) -> Iterator[Item]:
        """Everything of a list, page after page."""
        page = self.send(call)
        yield from page.items
        while page.next_cursor is not None:
            page = self.send(call.after(page.next_cursor))
            yield from page.items

    @overload
    def wait(
        self,
        begun: str,
        *,
        timeout_seconds: float | None = None,
        on_progress: Callable[[JobView], None] | None = None,
    ) -> JobView: ...
    @overload
    def wait(
        self,
        begun: Work,
        *,
        timeout_seconds: float | None = None,
        on_progress: Callable[[Work], None] | None = None,
    ) -> Work: ...
    def wait(
        self,
        begun: Any,
        *,
        timeout_seconds: float | None = None,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Any:
        """How work stands once it is done; ended here by an error, it goes on there.

        Args:
            begun: What the service has answered where it began: a job, its id, or a request such as an erasure.
            timeout_seconds: Longest wait; None waits for as long as it takes.
            on_progress: Given how it stands, each time that this has changed.

        Raises:
            WorkFailed: It failed, or was cancelled.
            StillRunning: The time is over.
            MasteryError: As for any call.
        """
        call: Call[Any] = looking_at(begun)
        return self._run(wait(self._side.way, call, time.monotonic, timeout_seconds, on_progress))

    def export(self, student_id: str, to: Path) -> int:
        """Everything held on a student, as a zip: there whole and as its manifest tells, or not at all.

        Args:
            student_id: Whose.
            to: The file that is made, readable by nobody else.

        Returns:
            Its bytes.

        Raises:
            Conflict: There is a file already.
            UnexpectedAnswer: What came is no export, or damaged.
            MasteryError: As for any call.
        """
        with export_file(to) as file:
            self._run(carry(self._side.way, calls.export_student(student_id)), file)
            return file.tell()

    @contextmanager
    def follow(
        self,
        student_id: str,
        *,
        course_id: str | None = None,
        last_event_id: str | None = None,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> Generator[Iterator[Update]]:
        """A student's result as it changes; leaving the block ends it.

        Where the stream breaks off, falls silent or its process ends, it is opened again where it was.

        Args:
            student_id: Whose.
            course_id: A course; None means all together.
            last_event_id: `id` of the last update that is there; None means none.
            quiet_seconds: How long nothing may come, not even a sign of life.

        Raises:
            MasteryError: While it is read: see `following.follow`.
        """
        flow = follow(self._side.way, stream(student_id, course_id), last_event_id, renews=self._side.renews)
        with closing(self._updates(flow, quiet_seconds)) as updates:
            yield updates

    def close(self) -> None:
        """Let go of the connections; idempotent."""
        self._closed = True
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, flow: Flow[Data], into: IO[bytes] | None = None) -> Data:
        told: Told = None
        while True:
            try:
                step = flow.send(told)
            except StopIteration as ended:
                return ended.value
            told = None
            if isinstance(step, Ask):
                try:
                    with self._http.stream(**self._side.request(step.call)) as response:
                        told = self._read(response, step.call, into)
                except httpx.RequestError as error:
                    told = broken(error)
            else:
                time.sleep(step.seconds)

    def _read(self, response: httpx.Response, call: Call[Any], into: IO[bytes] | None = None) -> Answer:
        body = Body(response, call.most_bytes, into)
        for part in response.iter_bytes():
            body.add(part)
        return body.answer()

    def _updates(self, flow: Following, quiet_seconds: float) -> Generator[Update]:
        told: FollowTold = None
        parts = iter(())
        with ExitStack() as opened:
            while not self._closed:
                try:
                    step = flow.send(told)
                except StopIteration:
                    return
                told = None
                if isinstance(step, Tell):
                    yield step.update
                    continue
                try:
                    if isinstance(step, Read):
                        told = Part(next(parts, b""))
                        continue
                    opened.close()
                    if isinstance(step, Open):
                        request = self._side.request(step.call, quiet_seconds)
                        response = opened.enter_context(self._http.stream(**request))
                        parts = response.iter_bytes()
                        lasts = is_stream(response, MEDIA_TYPE)
                        told = Opened() if lasts else self._read(response, step.call)
                    else:
                        time.sleep(step.seconds)
                except httpx.RequestError as error:
                    told = broken(error)
