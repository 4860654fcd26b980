"""Whether the whole audit trail is what was once recorded: records, ends, heads and the index by which it is searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts.audit_seals import REGISTER, AuditSeals, ChainEnd
from mastery_engine.contracts.audit_witness import Witness
from mastery_engine.engine.audit import ChainReport, check_chain
from mastery_engine.engine.audit_notes import BROKEN, OPENED, AuditHead, NotesKept, is_signed, note_of
from mastery_engine.engine.audit_witness import Witnesses, WitnessKept
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
    *,
    witnesses: Witnesses | None = None,
    made: Collection[str] = (),
) -> list[ChainReport]:
    """Verify chains, each up to the end that it has when this begins, and the register, whose report comes last.

    Args:
        trail: Where they are.
        seals: Of the key that made the seals.
        tenants: Whose; None means all, those whose chain is gone too.
        hashes: Which are looked for.
        progress: Is told how many records were looked at, page after page.
        witnesses: What another store knows of them; None asks for none.
        made: Tenants whose making is on record, so that each must have a chain.
    """
    known = await trail.tenants()
    # Before the ends: no chain may be shorter than what was seen of it before.
    seen = {} if witnesses is None else await witnesses.all({*known, *made, *(tenants or ())})
    ends = {one: await trail.end(one) for one in known if tenants is None or one in tenants}
    # After the ends: it has every note that they need.
    register = await read_register(trail, seals, hashes, seen)
    by_tenant: dict[str, list[AuditHead]] = {}
    for note in register.notes:
        by_tenant.setdefault(note.tenant_id, []).append(note)
    opened = {note.tenant_id for note in register.notes if note.kind == OPENED}
    chosen = {*known, *opened, *seen, *made} - {REGISTER} if tenants is None else set(tenants)
    reports: list[ChainReport] = []
    for tenant_id in sorted(chosen):
        witness = _kept(tenant_id, seen, seals)
        notes = NotesKept(by_tenant.get(tenant_id, []))
        end = ends.get(tenant_id)
        if end is None:
            expected = tenant_id in made or tenant_id in known
            reports.append(_nothing(tenant_id, _gone(notes, witness, expected=expected)))
            continue

        def watch(
            records: Sequence[AuditRecord], notes: NotesKept = notes, witness: WitnessKept | None = witness
        ) -> None:
            notes.watch(records)
            if witness is not None:
                witness.watch(records)

        report = await _check(trail, tenant_id, end, hashes, watch, progress)
        problem = report.problem
        if problem is None and report.broken_at is None:
            problem = _disagreement(tenant_id, end, report.records, notes, witness, seals)
        reports.append(replace(report, problem=problem, heads=notes.heads, sealed=end.seal is not None))
    return [*reports, register.report]


def _kept(tenant_id: str, seen: Mapping[str, Witness | None], seals: AuditSeals) -> WitnessKept | None:
    return WitnessKept(tenant_id, seen[tenant_id], seals) if tenant_id in seen else None


def _gone(notes: NotesKept, witness: WitnessKept | None, *, expected: bool) -> str | None:
    """What is wrong where there is no chain."""
    if notes.any:
        return "the register has notes on its chain, and the chain is gone"
    if witness is not None:
        return witness.problem()
    if expected:
        return "it has no record, and the making of a school leaves one: its chain is gone, or its end cannot be read"
    return None


def _disagreement(
    tenant_id: str,
    end: ChainEnd,
    records: int,
    notes: NotesKept,
    witness: WitnessKept | None,
    seals: AuditSeals,
) -> str | None:
    """What a chain that holds in itself does not agree with."""
    problem = notes.problem(records)
    if problem is None and end.seal is None and notes.any:
        problem = "the seal of its end is missing"
    elif problem is None and end.seal is not None and not seals.holds(tenant_id, end):
        problem = (
            "the seal of its end does not hold: records were cut off or written anew, or the key was changed"
        )
    elif problem is None and end.seal is not None and not notes.any:
        problem = "the register has no note on it"
    return problem or (None if witness is None else witness.problem())


async def read_register(
    trail: AuditTrail,
    seals: AuditSeals,
    hashes: Collection[str] = (),
    seen: Mapping[str, Witness | None] | None = None,
) -> Register:
    """Read the register and check it: its chain, every signature, the seal of its end, and its witness."""
    notes: list[AuditHead] = []
    witness = _kept(REGISTER, seen or {}, seals)

    def collect(records: Sequence[AuditRecord]) -> None:
        notes.extend(note_of(record) for record in records)
        if witness is not None:
            witness.watch(records)

    end = await trail.end(REGISTER)
    if end is None:
        sealed = [one for one in await trail.tenants() if (await _sealed(trail, one))]
        missed = None if witness is None else witness.problem()
        return Register(
            report=_nothing(REGISTER, "the register of heads is gone" if sealed else missed), notes=()
        )
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
    elif problem is None and report.broken_at is None and witness is not None:
        problem = witness.problem()
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

    if end.sequence < 0:
        return _nothing(tenant_id, "its end cannot be read: it was changed")
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
            if last is not None and row <= last:
                # Text that is none, or a number that is none: it has no place in the order, and paging would not end.
                return -1, 0
            last = row
            if row.sequence <= until:
                lines += 1
                total += hash((row.term, row.sequence))
    return lines, total & _SUM


async def _sealed(trail: AuditTrail, tenant_id: str) -> bool:
    end = await trail.end(tenant_id)
    return end is not None and end.seal is not None


def _nothing(tenant_id: str, problem: str | None) -> ChainReport:
    return ChainReport(tenant_id=tenant_id, records=0, last_hash="0" * 64, broken_at=None, problem=problem)
