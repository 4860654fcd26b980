"""The audit trail as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.contracts.event_words import printable
from mastery_engine.domain.calendar import moment_of
from mastery_engine.engine.audit import ChainReport
from mastery_engine.engine.audit_notes import AuditHead
from mastery_engine.ports import AuditRecord

_HASH_SHOWN = 12


def chain_sentence(report: ChainReport) -> str:
    """What was found of one chain."""
    name = f"school {report.tenant_id}" if report.tenant_id else "heads"
    checked = words.counted(report.records, "record")
    if report.broken_at is not None:
        return (
            f"{name}: BROKEN at record {report.broken_at:,}, which was changed, is "
            f"missing or out of place; {checked} before it {'holds' if report.records == 1 else 'hold'}"
        )
    if report.problem is not None:
        return f"{name}: BROKEN, {report.problem}"
    verb = "holds" if report.records == 1 else "hold"
    sealed = "" if report.sealed else " (without a seal; the next record brings one)"
    return f"{name}: {checked} {verb}{sealed}; the last one's hash is\n  {report.last_hash}"


def heads_view(found: Sequence[AuditHead]) -> Group:
    """Each note on two lines."""
    if not found:
        return Group(Text("no head yet"))
    parts: list[RenderableType] = []
    for head in found:
        kind = head.kind.removeprefix("audit.")
        line = Text(f"{head.number:,}  {head.day}  ", style="dim")
        line.append(f"{kind}", style="bold" if kind != "broken" else "bright_red")
        line.append(printable(f"  school {head.tenant_id}, record {head.sequence:,}"))
        parts += [line, Padding(Text(head.hash), (0, 0, 0, 4), expand=False)]
    return Group(*parts)


def lost_sentence(digest: str) -> str:
    """A hash that was seen before and is in no chain any more."""
    return f"LOST: no record has the hash {printable(digest[:100])}; it was cut off, or the trail made anew"


def records_view(found: Sequence[AuditRecord]) -> Group:
    """Each record on two lines."""
    if not found:
        return Group(Text("no audit record"))
    parts: list[RenderableType] = []
    for record in found:
        entry = record.entry
        line = Text(f"{record.sequence:,}  {moment_of(entry.at_ms).isoformat(' ', 'seconds')}  ", style="dim")
        line.append(entry.action, style="bold")
        if not entry.allowed:
            line.append("  refused", style="bright_red")
        about = "nobody" if not entry.subjects else f"{entry.subjects[0][:_HASH_SHOWN]}…"
        more = len(entry.subjects) - 1
        told = f"{entry.actor} ({entry.role}) about {about}"
        told += f" and {more:,} more" if more > 0 else ""
        told += "".join(f", {name} {value}" for name, value in entry.detail.items())
        parts += [line, Padding(Text(printable(told)), (0, 0, 0, 4), expand=False)]
    return Group(*parts)
