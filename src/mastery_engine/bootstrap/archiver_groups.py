"""Names of the consumer groups that write the stores of record on Kafka."""

from __future__ import annotations

from typing import Final

from mastery_engine.config import Settings

ARCHIVERS: Final = "mastery-archiver"


def groups(settings: Settings) -> tuple[str, str]:
    """Consumer groups of those who archive events and of those who file dead letters."""
    group = settings.kafka_prefix + ARCHIVERS
    return group, f"{group}-letters"
