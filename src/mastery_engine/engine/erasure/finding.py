"""Finding out who is meant: the ledger knows hashes alone, and a request may have been lost with its seal."""

from __future__ import annotations

import re
from typing import Final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import Erasure
from mastery_engine.contracts.event_json import identity
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.sealed_id import seal
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.erasure.parts import ErasurePorts
from mastery_engine.engine.restrictions import note_erasing
from mastery_engine.ports import Record

_AT_ONCE: Final = 1_000
_PAGE: Final = 200
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
_log: Final = structlog.get_logger(__name__)


async def adopt(ports: ErasurePorts) -> None:
    """Make a request for each erasure of the ledger that waits without one, where the student can be found by the hash."""
    wanted: dict[str, dict[str, Erasure]] = {}
    for erasure in await ports.ledger.waiting(_AT_ONCE):
        known = await ports.requests.find(kind="erasure", state="open", subject=erasure.student, limit=1)
        if not known:
            wanted.setdefault(erasure.tenant_id, {})[erasure.student] = erasure
    for tenant_id, erasures in wanted.items():
        found = {
            subject: student_id
            for student_id in await students_of(ports, tenant_id)
            if (subject := ports.pseudonyms.of(tenant_id, student_id)) in erasures
        }
        for subject, erasure in erasures.items():
            student_id = found.get(subject)
            if student_id is None:
                # Nothing mentions anybody of that hash: there is nothing to remove.
                await ports.ledger.finish(tenant_id, subject, ports.clock.now_ms())
                await note_erasing(ports.store, tenant_id, subject, erasing=False)
                _log.warning(
                    "an erasure of the ledger is of nobody who is known; it is done", student=subject
                )
                continue
            await ports.requests.add(request_for(ports, tenant_id, subject, student_id, erasure))


def request_for(
    ports: ErasurePorts, tenant_id: str, subject: str, student_id: str, erasure: Erasure
) -> PrivacyRequest:
    """The request of an erasure that is in force; asked for twice, the same."""
    request_id = keys.derived_id("privacy", "adopted", subject, str(erasure.number), str(erasure.asked_ms))
    return PrivacyRequest(
        request_id=request_id,
        tenant_id=tenant_id,
        kind="erasure",
        subject=subject,
        asked_ms=erasure.asked_ms,
        asked_by=erasure.asked_by,
        changed_ms=ports.clock.now_ms(),
        sealed=seal(ports.pseudonyms, request_id, student_id),
    )


async def students_of(ports: ErasurePorts, tenant_id: str) -> list[str]:
    """Everybody of whom a tenant holds anything that tells the id: archive, documents, rosters, dead letters, records."""
    found = set(await ports.archive.students(tenant_id))
    prefix = keys.learner(tenant_id, "")
    try:
        async for names in ports.store.scan(prefix):
            found.update(name[len(prefix) :].partition(":")[0] for name in names)
    except ConfigurationError:
        # A store that does not list its keys has none but of those whom the archive knows.
        pass
    after = ""
    while page := await ports.rosters.list(tenant_id, after=after, limit=_PAGE):
        found.update(one.person_id for cohort in page for one in cohort.students)
        after = page[-1].cohort_id
    last: str | None = None
    while letters := await ports.dead_letters.find(after=last, limit=_PAGE):
        found.update(one.owner[1] for one in letters if one.owner is not None and one.owner[0] == tenant_id)
        last = letters[-1].letter_id

    def look(record: Record) -> bool:
        name = record.key.decode("utf-8", "replace")
        if name.startswith(prefix):
            found.add(name[len(prefix) :])
        tenant, student_id, _ = identity(record.value)
        if tenant == tenant_id and student_id is not None:
            found.add(student_id)
        return False

    for topic in ports.topics:
        await topic.log.scrub(look, topic.blank)
    # What a broken record tells may be no id at all.
    return sorted(filter(_ID.fullmatch, found))
