"""Replays, told to people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from rich.table import Table
from rich.text import Text

from mastery_engine.bootstrap.replaying import replay_all, replay_one
from mastery_engine.cli import output, words
from mastery_engine.cli.exits import Interrupted
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.session import Session, run
from mastery_engine.cli.views.profile import level_text
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import NotFound
from mastery_engine.engine.replay_notes import Wanted
from mastery_engine.engine.replay_report import FormulaChange, ReplayReport

_PLACES: Final = {"archive": "archive", "topic": "log"}


@final
class _Bar:
    """The progress of a replay, on the bar of a meter."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def read(self, records: int, total: int) -> None:
        self._meter.turn_to("read the log", total)
        self._meter.advance(records, records)

    def replayed(self, students: int, events: int, total: int) -> None:
        self._meter.turn_to("replay", total)
        self._meter.advance(students, events)


def rebuild(
    student: str | None,
    tenant_id: str | None,
    wanted: Wanted,
    *,
    limit: int,
    as_json: bool,
    workers: int | None = None,
    resume: bool = False,
) -> bool:
    """Rebuild, compare and maybe switch; returns whether the live state is as it should be now.

    Args:
        student: One student; None means all, or those of a day.
        tenant_id: Of a school; None means that of the settings.
        wanted: What to do.
        limit: Most students to name.
        as_json: Print the report as it is.
        workers: How many processes; None means one a core.
        resume: Go on with an interrupted replay of many.

    Raises:
        NotFound: There is no event of the student, or nothing to go on with.
        Conflict: Something else was asked of the interrupted replay.
        Interrupted: Ctrl-C came while many were replayed.
    """
    switch = wanted.switch

    async def job(session: Session) -> ReplayReport:
        engine = session.engine
        tenant = await _permitted(session, student, "switch" if switch else "compare")
        with Meter("replay", None) as meter:
            if student is not None:
                return await replay_one(engine, tenant, student, wanted, _Bar(meter))
            return await replay_all(
                engine, tenant, wanted, resume=resume, workers=workers, watcher=_Bar(meter)
            )

    try:
        report = run(job, tenant_id)
    except KeyboardInterrupt:
        if student is not None:
            raise
        message = "interrupted; what is done is kept: run the same command with --resume, and it goes on where it was"
        raise Interrupted(message) from None
    if student is not None and not report.students and not report.erased:
        raise NotFound(f"the {_PLACES[wanted.source]} has no event of student {student!r}")
    if as_json:
        output.print_json(report)
    else:
        output.show(*(Text(line) for line in lines_of(report, switch=switch, limit=limit)))
    return switch or not (report.different or report.missing)


def what_if(student: str | None, formula: str, tenant_id: str | None, *, limit: int, as_json: bool) -> None:
    """What would change under another formula.

    Raises:
        NotFound: There is no such formula.
    """

    async def job(session: Session) -> list[FormulaChange]:
        engine = session.engine
        tenant = await _permitted(session, student, f"formula {formula}")
        changes = await engine.replay.what_if(tenant, engine.formulas.get(formula))
        return [change for change in changes if student in (None, change.student_id)]

    changes = run(job, tenant_id)
    if as_json:
        output.print_json(changes)
    else:
        _tell_changes(changes, formula, limit)


async def _permitted(session: Session, student: str | None, what: str) -> Tenant:
    engine, caller = session
    tenant, day = await engine.reader.day(caller, None)
    students = [] if student is None else [student]
    await engine.access.permit(caller, "replay.run", students, date_of(day), {"what": what})
    if not students:
        await engine.access.record(caller, "replay.run", [], allowed=True, detail={"what": what})
    return tenant


def lines_of(report: ReplayReport, *, switch: bool, limit: int) -> list[str]:
    """A report in sentences.

    Args:
        report: What a replay came to.
        switch: Whether it was to switch.
        limit: Most students to name.
    """
    events, students = words.counted(report.events, "event"), words.counted(report.students, "student")
    lines = [f"{students} rebuilt from {events}", f"{report.equal:,} equal the live state, field by field"]
    if report.missing:
        lines.append(f"{report.missing:,} had no live state")
    if report.different:
        lines.append(f"{len(report.different):,} differed")
        for student_id, found in list(report.different.items())[:limit]:
            more = f"; and {len(found) - 3} more" if len(found) > 3 else ""  # noqa: PLR2004 - enough for a line
            lines.append(f"  {student_id}: {'; '.join(found[:3])}{more}")
    if report.different or report.missing:
        lines.append(f"{report.switched:,} switched" if switch else "nothing switched (--dry-run)")
    return lines + list(_left_out(report, switch=switch, limit=limit))


def _left_out(report: ReplayReport, *, switch: bool, limit: int) -> Iterator[str]:
    if report.waiting:
        waiting = words.counted(len(report.waiting), "event")
        yield (f"{waiting} left out, waiting among the dead letters; see: mastery dlq list")
    if report.pending:
        pending = words.counted(len(report.pending), "event")
        yield (f"{pending} left out, in the log and not folded yet; whoever folds will do that")
    if report.behind:
        names = ", ".join(report.behind[:limit])
        more = f" and {len(report.behind) - limit:,} more" if len(report.behind) > limit else ""
        yield (
            f"{len(report.behind):,} left alone, since whoever folds has yet to finish with them; run it again: "
            f"{names}{more}"
        )
    if report.lost:
        lost = words.counted(len(report.lost), "event")
        yield (f"{lost} counted and not in the archive, so their students are left alone; send them again")
    if report.damaged:
        damaged = words.counted(len(report.damaged), "damaged `processed:` record")
        yield (
            f"{damaged}; {report.mended:,} written anew" if switch else f"{damaged}; not mended (--dry-run)"
        )
    if report.topic is not None:
        read = report.topic
        yield (
            f"from the log: {words.counted(read.kept, 'event')}; passed over {read.refused:,} refused, "
            f"{read.repeats:,} repeated, {read.outlived:,} older than the retention, {read.erased:,} of erased students"
        )
    if report.erased:
        yield (f"{report.erased:,} left alone, since they are erased")


def _tell_changes(changes: list[FormulaChange], formula: str, limit: int) -> None:
    moved = [change for change in changes if change.new_score != change.score]
    levels = [change for change in changes if change.new_level != change.level]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Student", overflow="fold")
    for name in ("Now", "Level", "Then", "Level", "Change"):
        table.add_column(name, justify="left" if name == "Level" else "right", no_wrap=True)
    for change in changes[:limit]:
        table.add_row(
            change.student_id,
            words.points(change.score),
            level_text(change.level),
            words.points(change.new_score),
            level_text(change.new_level),
            words.signed_points(change.new_score - change.score),
        )
    summary = (
        f"Under {formula}: {len(moved):,} of {words.counted(len(changes), 'student')} would have "
        f"another score, {len(levels):,} another level."
    )
    more = (
        [Text(f"... and {len(changes) - limit:,} more; --limit shows them")] if len(changes) > limit else []
    )
    output.show(Text(summary), Text(), table, *more)
