"""Calling a function in a process of its own, so that what it needs does not stay in this one's memory."""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from mastery_engine.domain.errors import DependencyDown

_Found = TypeVar("_Found")


def call_apart(function: Callable[..., _Found], *arguments: object) -> _Found:
    """What a function returns, or raises, in a process that ends with this call, and with this process.

    Args:
        function: Of a module; it, its arguments and what it returns are pickled.
        arguments: Of the function.

    Raises:
        DependencyDown: That process has ended without an answer, for want of memory, say.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    with receiving, sending:
        process = context.Process(target=_answer, args=(sending, function, arguments), daemon=True)
        # Ctrl-C is for this process. That one must not see it while it starts, before it can say so.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        try:
            # While it is open here, nobody notices that the other process has ended.
            sending.close()
            found, error = receiving.recv()
        except EOFError:
            process.join()
            rule = (
                f"has ended without an answer (exit code {process.exitcode}); make room in memory, try again"
            )
            raise DependencyDown(f"the process that was to read the tables {rule}") from None
        finally:
            process.kill()
            process.join()
    if error is not None:
        raise error
    return found


def _answer(sending: Connection, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    answer: tuple[object, Exception | None]
    try:
        answer = (function(*arguments), None)
    except Exception as error:  # noqa: BLE001 - the caller raises it
        answer = (None, error)
    try:
        sending.send(answer)
    except BrokenPipeError:
        # The caller has ended meanwhile, and nobody waits for it.
        return
