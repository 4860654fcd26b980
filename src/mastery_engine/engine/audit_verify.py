"""Whether the whole audit trail is what was once recorded: records, ends, heads and the index by which it is searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts.audit_seals import REGISTER, AuditSeals, ChainEnd
from mastery_engine.engine.audit import ChainReport, check_chain
from mastery_engine.engine.audit_notes import BROKEN, OPENED, AuditHead, NotesKept, is_signed, note_of
from mastery_engine.ports import AuditRecord, AuditTrail, IndexRow

LINES: Final = 5_000
_SUM: Final = (1 << 64) - 1
Progress = Callable[[int], None]


class Register(Struct, frozen=True, kw_only=True):
    """The register, checked.

    Attributes:
        report: Whether it holds.
        notes: In order.
    """

    report: ChainReport
    notes: tuple[AuditHead, ...]


async def check_trail(
    trail: AuditTrail,
    seals: AuditSeals,
    tenants: Collection[str] | None = None,
    hashes: Collection[str] = (),
    progress: Progress | None = None,
) -> list[ChainReport]:
    """Verify chains, each up to the end that it has when this begins, and the register, whose report comes last.

    Args:
        trail: Where they are.
        seals: Of the key that made the seals.
        tenants: Whose; None means all, those whose chain is gone too.
        hashes: Which are looked for.
        progress: Is told how many records were looked at, page after page.
    """
    known = await trail.tenants()
    ends = {one: await trail.end(one) for one in known if tenants is None or one in tenants}
    # After the ends: it has every note that they need.
    register = await read_register(trail, seals, hashes)
    by_tenant: dict[str, list[AuditHead]] = {}
    for note in register.notes:
        by_tenant.setdefault(note.tenant_id, []).append(note)
    opened = {note.tenant_id for note in register.notes if note.kind == OPENED}
    chosen = sorted({*known, *opened} if tenants is None else set(tenants))
    reports: list[ChainReport] = []
    for tenant_id in chosen:
        end = ends.get(tenant_id)
        notes = by_tenant.get(tenant_id, [])
        if end is None:
            problem = "the register has notes on its chain, and the chain is gone" if notes else None
            reports.append(_nothing(tenant_id, problem))
            continue
        kept = NotesKept(notes)
        report = await _check(trail, tenant_id, end, hashes, kept.watch, progress)
        problem = report.problem or (None if report.broken_at else kept.problem(report.records))
        if problem is None and end.seal is None and notes:
            problem = "the seal of its end is missing"
        elif problem is None and end.seal is not None and not seals.holds(tenant_id, end):
            problem = "the seal of its end does not hold: records were cut off or written anew, or the key was changed"
        elif problem is None and end.seal is not None and not notes:
            problem = "the register has no note on it"
        reports.append(replace(report, problem=problem, heads=kept.heads, sealed=end.seal is not None))
    return [*reports, register.report]


async def read_register(trail: AuditTrail, seals: AuditSeals, hashes: Collection[str] = ()) -> Register:
    """Read the register and check it: its chain, every signature and the seal of its end."""
    notes: list[AuditHead] = []

    def collect(records: Sequence[AuditRecord]) -> None:
        notes.extend(note_of(record) for record in records)

    end = await trail.end(REGISTER)
    if end is None:
        sealed = [one for one in await trail.tenants() if (await _sealed(trail, one))]
        gone = "the register of heads is gone" if sealed else None
        return Register(report=_nothing(REGISTER, gone), notes=())
    report = await _check(trail, REGISTER, end, hashes, collect, None)
    forged = next((note for note in notes if not is_signed(note, seals)), None)
    noted = next((note for note in notes if note.kind == BROKEN and note.tenant_id == REGISTER), None)
    problem = report.problem
    if problem is None and forged is not None:
        problem = f"note {forged.number:,} is not signed with this key"
    elif problem is None and noted is not None:
        problem = f"its end was not the one that was left there, as note {noted.number:,} says"
    elif problem is None and not seals.holds(REGISTER, end):
        problem = (
            "the seal of its end does not hold: notes were cut off or written anew, or the key was changed"
        )
    report = replace(report, problem=problem, sealed=end.seal is not None)
    return Register(report=report, notes=tuple(notes))


async def _check(
    trail: AuditTrail,
    tenant_id: str,
    end: ChainEnd,
    hashes: Collection[str],
    watch: Callable[[Sequence[AuditRecord]], None],
    progress: Progress | None,
) -> ChainReport:
    """Records, the noted end and the index of one chain."""
    lines = total = 0

    def look(records: Sequence[AuditRecord]) -> None:
        nonlocal lines, total
        for record in records:
            terms = record.entry.terms
            lines += len(terms)
            total += sum(hash((term, record.sequence)) for term in terms)
        watch(records)
        if progress is not None:
            progress(len(records))

    report = await check_chain(trail, tenant_id, hashes, until=end.sequence, watch=look)
    if report.broken_at is not None:
        return report
    if report.last_hash != end.hash:
        return replace(report, problem=f"record {end.sequence:,} is not the one that its end names")
    beyond = await trail.read(tenant_id, after=end.sequence, limit=1)
    if beyond and await trail.end(tenant_id) == end:
        return replace(report, broken_at=end.sequence + 1)
    if (lines, total & _SUM) != await _index(trail, tenant_id, end.sequence):
        return replace(report, problem="the index by which it is searched does not agree with its records")
    return report


async def _index(trail: AuditTrail, tenant_id: str, until: int) -> tuple[int, int]:
    """How many lines the index has, and a sum that no other set of lines is likely to have in this process.

    Python's hash of a text has a secret of the process, so that nobody can choose lines with the same sum.
    """
    lines = total = 0
    last: IndexRow | None = None
    while rows := await trail.index(tenant_id, last, LINES):
        for row in rows:
            if row.sequence <= until:
                lines += 1
                total += hash((row.term, row.sequence))
        last = rows[-1]
    return lines, total & _SUM


async def _sealed(trail: AuditTrail, tenant_id: str) -> bool:
    end = await trail.end(tenant_id)
    return end is not None and end.seal is not None


def _nothing(tenant_id: str, problem: str | None) -> ChainReport:
    return ChainReport(tenant_id=tenant_id, records=0, last_hash="0" * 64, broken_at=None, problem=problem)
