"""What replays come to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from mastery_engine.domain.scores import Level


class TopicRead(Struct, kw_only=True):
    """What became of a log's records when a school's events were copied out of it.

    Attributes:
        kept: Events to rebuild from.
        refused: Records that break a rule, or hold an event whose id counted with another student or content.
        repeats: Events under an id of which an earlier one was kept.
        outlived: Events older than the school's retention.
        erased: Events of erased students.
    """

    kept: int = 0
    refused: int = 0
    repeats: int = 0
    outlived: int = 0
    erased: int = 0


class ReplayReport(Struct, kw_only=True):
    """What a replay came to.

    Attributes:
        students: Students rebuilt.
        events: Archived events folded.
        equal: Students whose live state agreed.
        missing: Students without a live state.
        different: Students whose live state differed, with what differed.
        switched: Students whose live document was replaced.
        behind: Students left alone, since a worker has yet to archive or finish what it folded for them.
        erased: Students left alone, since they are erased.
        waiting: Ids of events that wait among the dead letters.
        pending: Ids of events that lie in the log, and are archived and not folded yet.
        lost: Ids of events that counted, and were deleted with their topic before they were archived; their students
            are not switched, or they would count no more. Sent again, they are archived.
        damaged: Ids of events that counted, and whose `processed:` records cannot be read.
        mended: How many of these records were written anew.
        topic: What became of the log's records, for a replay from the log.
    """

    students: int = 0
    events: int = 0
    equal: int = 0
    missing: int = 0
    different: dict[str, list[str]] = {}
    switched: int = 0
    behind: list[str] = []
    erased: int = 0
    waiting: list[str] = []
    pending: list[str] = []
    lost: list[str] = []
    damaged: list[str] = []
    mended: int = 0
    topic: TopicRead | None = None


_ADDED: Final = tuple(name for name in ReplayReport.__struct_fields__ if name != "topic")


def summed(parts: Iterable[ReplayReport]) -> ReplayReport:
    """What replays of different students come to together, names and ids sorted: the same, in whatever order they ended."""
    total = ReplayReport()
    for part in parts:
        for name in _ADDED:
            mine, theirs = getattr(total, name), getattr(part, name)
            setattr(total, name, mine | theirs if isinstance(mine, dict) else mine + theirs)
    total.different = dict(sorted(total.different.items()))
    for ids in (total.behind, total.waiting, total.pending, total.lost, total.damaged):
        ids.sort()
    return total


class FormulaChange(Struct, frozen=True, kw_only=True):
    """A student under the formula in force and under another."""

    student_id: str
    score: float
    level: Level
    new_score: float
    new_level: Level
