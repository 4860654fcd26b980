"""What must be so in the end, whatever befell the workers on Kafka."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.differences import differences
from tests.unit.engine.house import House
from tools.installation import Installation, archive, document, fold, outputs

POISON: Final = (b"{broken", b"\x01no framing")
"""What no worker can read, of two kinds."""


async def check(
    installation: Installation, sent: Sequence[LearningEvent], poison: Sequence[bytes] = POISON
) -> None:
    """Fold the rest, and compare all with the fold of the same events in memory."""
    house = House()
    house.clock.ms = max(one.timestamp for one in sent)
    await house.send(*sent)
    while (await house.work()).polled:
        pass
    async with installation.engine() as engine:
        await fold(engine)
        await archive(engine)
        for student in sorted({one.student_id for one in sent}):
            mine, live = await house.document(student), await document(engine, student)
            assert list(differences(live.state, mine.state)) == []
        told: dict[str, set[bytes]] = defaultdict(set)
        causes: set[str] = set()
        for record, fields in await outputs(engine):
            told[fields["event_id"]].add(record.value)
            if fields["event_type"] == "mastery.updated":
                causes.add(fields["caused_by"])
        assert causes == {one.event_id for one in sent}
        assert {len(contents) for contents in told.values()} == {1}
        letters = await engine.adapters.dead_letters.find()
        assert sorted(one.payload for one in letters) == sorted(poison)
        archived = [
            one.event_id
            for student in sorted({one.student_id for one in sent})
            for one in await engine.adapters.archive.of_student("default", student)
        ]
        assert sorted(archived) == sorted(one.event_id for one in sent)
