"""Topics of the log, and the subjects under which a registry keeps the schemas of their records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REQUESTS: Final = "mastery.requests"
RESULTS: Final = "mastery.results"
DEAD_LETTERS: Final = "mastery.dlq"
CLOUD_EVENTS: Final = "learning.events"


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Names of an installation's topics.

    Attributes:
        prefix: Put before each, so that several installations share a cluster.
    """

    prefix: str = ""

    @property
    def requests(self) -> str:
        """Events in."""
        return self.prefix + REQUESTS

    @property
    def results(self) -> str:
        """Outputs."""
        return self.prefix + RESULTS

    @property
    def dead_letters(self) -> str:
        """Records that could not count."""
        return self.prefix + DEAD_LETTERS

    @property
    def cloud_events(self) -> str:
        """CloudEvents, which a sidecar's pub/sub brings to `/events/learning`; nothing here reads it itself."""
        return self.prefix + CLOUD_EVENTS


def subject(topic: str, record: str) -> str:
    """Subject of a record's schema by TopicRecordNameStrategy.

    Args:
        topic: Name of the topic, prefix and all.
        record: Full name of the record, with its namespace.
    """
    return f"{topic}-{record}"
