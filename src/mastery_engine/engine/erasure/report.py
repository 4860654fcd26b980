"""What an erasure came to: counts and dates, and nobody's id."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from mastery_engine.contracts.student_export import iso
from mastery_engine.engine.erasure.parts import Case, ErasurePorts
from mastery_engine.engine.erasure.sweep import Look, gone_by, told

_BACKUPS: Final = (
    "copies in backups go with the backups; a restore asks the ledger and leaves the student out"
)


async def report_of(ports: ErasurePorts, case: Case, look: Look, began_ms: int) -> dict[str, Any]:
    """The report of an erasure that is about to be done.

    Raises:
        DependencyDown: Kafka does not tell how long its topics keep their records.
    """
    now_ms = ports.clock.now_ms()
    kept = {topic.log.topic: topic.kept_ms for topic in ports.topics}
    late = {kind: number for (person, kind), number in look.late.items() if person == case.person}
    stays = Counter(
        {place: number for (person, place), number in look.stays.items() if person == case.person}
    )
    expiry: dict[str, str | None] = {}
    if ports.retentions is not None:
        for one in await ports.retentions.retentions():
            expiry[one.topic] = None if one.kept_ms is None else _date(gone_by(one.kept_ms, now_ms))
    return {
        "v": 1,
        "removed": told(case.found),
        "verified": {
            "at": iso(now_ms),
            "left": 0,
            "state_store": "every key and value" if look.whole else "the keys that the student can have",
            "raw_scans": len(ports.raw),
        },
        "words_of_others": told(stays),
        "came_since": {
            topic: {"records": number, "gone_by": _date(gone_by(kept[topic], now_ms))}
            for topic, number in sorted(late.items())
        },
        "last_copy_in_kafka_gone_by": expiry,
        "backups": _BACKUPS,
        "asked_at": iso(case.request.asked_ms),
        "done_at": iso(now_ms),
        "seconds": round((now_ms - began_ms) / 1_000, 3),
    }


def _date(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, tz=UTC).date().isoformat()
