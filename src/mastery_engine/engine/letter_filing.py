"""Filing dead letters: from their topic, where workers send them, into the store of record, where people work on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, final

import structlog

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.engine.process import next_offsets
from mastery_engine.engine.step import StepReport
from mastery_engine.ports import DeadLetter, DeadLetters, LogConsumer

_log: Final = structlog.get_logger(__name__)


class LetterReader(Protocol):
    """Reads dead letters out of records' values."""

    async def read(self, values: Sequence[bytes]) -> list[DeadLetter | InvalidInput]:
        """The letter of each value, in order, or why there is none."""
        ...


@final
class LetterFiling:
    """Files letters, a batch a step; a letter that is there already is passed over."""

    def __init__(self, consumer: LogConsumer, letters: DeadLetters, reader: LetterReader) -> None:
        """Put the parts together."""
        self._consumer = consumer
        self._letters = letters
        self._reader = reader

    async def step(self, limit: int, wait_seconds: float = 0.0) -> StepReport:
        """Do one step.

        Args:
            limit: Most records to take.
            wait_seconds: How long to wait for the first record.

        Returns:
            How many records were read (`polled`) and how many letters were new (`kept`).

        Raises:
            DependencyDown: The topic, the registry or the store does not answer; `rewind` the consumer and try again.
        """
        records = await self._consumer.poll(limit, wait_seconds)
        if not records:
            return StepReport()
        letters: list[DeadLetter] = []
        for record, letter in zip(
            records, await self._reader.read([one.value for one in records]), strict=True
        ):
            if isinstance(letter, InvalidInput):
                # Not one of ours; it stays in the topic for as long as that keeps it.
                _log.error(
                    "no dead letter", partition=record.partition, offset=record.offset, why=letter.message
                )
            else:
                letters.append(letter)
        kept = await self._letters.add(letters)
        await self._consumer.commit(next_offsets(records))
        return StepReport(polled=len(records), kept=kept)
