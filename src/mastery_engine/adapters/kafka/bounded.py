"""Calls of the client that take no time limit, and may wait three quarters of a minute for a broker that is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

T = TypeVar("T")


def bounded(seconds: float, call: Callable[[], T]) -> T:
    """What a call gives, if it does so in time. Blocks.

    A call that takes longer goes on in a thread of its own, which keeps no process alive; it may still have its effect.

    Args:
        seconds: Longest wait.
        call: May be called from any thread.

    Raises:
        KafkaException: The call raised it, or took too long.
    """
    answer: Future[T] = Future()

    def job() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            answer.set_exception(error)

    threading.Thread(target=job, name="kafka-bounded", daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no answer within {seconds:g} s")) from None
