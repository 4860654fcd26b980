"""What a client learns of its connections in the background, where its calls only tell that time is up."""

from __future__ import annotations

import re
import time
from typing import Final, final

from confluent_kafka import KafkaError

from mastery_engine.adapters.kafka.failures import SILENT

_PASSED: Final = re.compile(r" \(after \d+ms in state \w+\)")
_FRESH_SECONDS: Final = 30.0


@final
class Troubles:
    """What went wrong with the connections of one client of late."""

    def __init__(self) -> None:
        """Nothing has gone wrong yet."""
        self._told: tuple[float, KafkaError] | None = None

    def note(self, error: KafkaError) -> None:
        """To be given to the client as `error_cb`; called in a thread that polls it."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            return
        before = self._fresh()
        # One cause is told in several ways, try after try; the longest tells most.
        if before is None or len(error.str()) >= len(before.str()):
            self._told = time.monotonic(), error

    def behind(self, error: KafkaError) -> KafkaError:
        """The cause of an error where one is known, else the error itself; what was told once is forgotten."""
        cause, self._told = self._fresh(), None
        if cause is None or error.code() not in SILENT:
            return error
        return KafkaError(cause.code(), _PASSED.sub("", cause.str()))

    def _fresh(self) -> KafkaError | None:
        told = self._told
        return told[1] if told is not None and time.monotonic() < told[0] + _FRESH_SECONDS else None
