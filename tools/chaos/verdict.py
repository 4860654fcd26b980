"""What must be so in the end: everything that was sent counted exactly once."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.config import Settings
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.differences import differences
from tools.installation import document, outputs

_BATCH: Final = 5_000


class Verdict(NamedTuple):
    """What was found; all but the first four and the letters must be 0.

    Attributes:
        events: Different events that were sent.
        students: Students compared.
        outputs: Different outputs that were sent.
        dead_letters: Dead letters of record.
        lost: Events without an update.
        invented: Updates of no event that was sent.
        doubled: Events that a student's state counts too often.
        different: Students whose state is not that of the fold in memory.
        contradictions: Outputs that went out with two contents.
        unarchived: Events that are not in the archive.
        archived_twice: Events that are there more than once.
        wrong_letters: Dead letters too many or too few.
    """

    events: int
    students: int
    outputs: int
    dead_letters: int
    lost: int
    invented: int
    doubled: int
    different: int
    contradictions: int
    unarchived: int
    archived_twice: int
    wrong_letters: int

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        return not any(self[4:])


async def judge(
    live: Engine, sent: Sequence[LearningEvent], poison: Sequence[bytes], tenant_id: str
) -> Verdict:
    """Compare with the fold of the set of sent events in memory.

    Args:
        live: Of the installation, everything folded and archived.
        sent: Every event, once.
        poison: The values of the records that cannot count.
        tenant_id: Whose events they are.
    """
    wanted = {one.event_id for one in sent}
    different, doubled = await _compared(live, sent, tenant_id)
    contents: dict[str, set[bytes]] = defaultdict(set)
    causes: set[str] = set()
    for record, fields in await outputs(live):
        contents[fields["event_id"]].add(record.value)
        if fields["event_type"] == "mastery.updated":
            causes.add(fields["caused_by"])
    archived: Counter[str] = Counter()
    async for student in live.adapters.archive.by_student(tenant_id):
        archived.update(one.event_id for one in student)
    letters: Counter[bytes] = Counter()
    after: str | None = None
    while page := await live.adapters.dead_letters.find(after=after, limit=1_000):
        letters.update(one.payload for one in page)
        after = page[-1].letter_id
    amiss = Counter(poison)
    amiss.subtract(letters)
    return Verdict(
        events=len(wanted),
        students=len({one.student_id for one in sent}),
        outputs=len(contents),
        dead_letters=letters.total(),
        lost=len(wanted - causes),
        invented=len(causes - wanted),
        doubled=doubled,
        different=different,
        contradictions=sum(len(found) > 1 for found in contents.values()),
        unarchived=len(wanted - archived.keys()),
        archived_twice=sum(count > 1 for count in archived.values()),
        wrong_letters=sum(map(abs, amiss.values())),
    )


async def _compared(live: Engine, sent: Sequence[LearningEvent], tenant_id: str) -> tuple[int, int]:
    """How many students differ from the fold in memory, and how many events too many they count."""
    different = doubled = 0
    with tempfile.TemporaryDirectory() as home:
        alone = Settings.model_validate({"store_url": "memory://", "home": Path(home)})
        async with open_engine(alone) as engine:
            await engine.tenants.ensure(Tenant(tenant_id=tenant_id, retention_days=None))
            async with engine.intake().open() as taking:
                for start in range(0, len(sent), _BATCH):
                    await taking.take(sent[start : start + _BATCH], fresh=True)
            for student in sorted({one.student_id for one in sent}):
                mine = (await document(engine, student, tenant_id)).state
                theirs = (await document(live, student, tenant_id)).state
                different += any(differences(theirs, mine))
                doubled += max(
                    0,
                    sum(course.now.events for course in theirs.courses.values())
                    - sum(course.now.events for course in mine.courses.values()),
                )
    return different, doubled
