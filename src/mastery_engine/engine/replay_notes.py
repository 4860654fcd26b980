"""What a replay of many students notes in the state store, so that an interrupted one can be gone on with.

A note for the run, when it begins; one for each slice, with its report, by whoever has rebuilt it. All go when the run ends, as
the state beside the live one does, or by themselves in a week. Runs leave each other's slices alone; of a tenant, the run that
was begun last can be gone on with.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, TypeVar, final

import msgspec
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.domain.calendar import DAY_MS, day_of
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine.replay import SIDE_BY_SIDE_SECONDS
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.ports import Entry, StateStore, Write

Source = Literal["archive", "topic"]
_T = TypeVar("_T")


class Wanted(Struct, frozen=True):
    """What was asked for.

    Attributes:
        switch: See `Replay.run`.
        day: Only students with an event on that day (UTC); None means all.
        source: What they are rebuilt from.
    """

    switch: bool
    day: date | None = None
    source: Source = "archive"

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last millisecond of the day."""
        if self.day is None:
            return None
        first = day_of(self.day) * DAY_MS
        return first, first + DAY_MS - 1

    def command(self, tenant_id: str) -> str:
        """The command that asks for it."""
        whom = "--all" if self.day is None else f"--day {self.day}"
        source = "" if self.source == "archive" else f" --from {self.source}"
        return f"mastery replay {whom}{source}{'' if self.switch else ' --dry-run'} --tenant {tenant_id}"


class ReplayPlan(Struct, frozen=True):
    """A replay of many students.

    Attributes:
        run_id: Names the side-by-side state.
        tenant_id: Whose students.
        wanted: What was asked for.
        slices: Into how many slices the students are cut.
    """

    run_id: str
    tenant_id: str
    wanted: Wanted
    slices: int


_plan_decoder: Final = msgspec.json.Decoder(ReplayPlan)
_report_decoder: Final = msgspec.json.Decoder(ReplayReport)


@final
class ReplayNotes:
    """Notes on replays that have begun and not ended."""

    def __init__(self, store: StateStore) -> None:
        """Use a store."""
        self._store = store

    async def begin(self, plan: ReplayPlan) -> None:
        """Note that a run begins, in the place of the tenant's last one."""
        await self._write(keys.unfinished_replay(plan.tenant_id), plan)

    async def resumed(self, tenant_id: str, wanted: Wanted) -> ReplayPlan:
        """The run to go on with.

        Raises:
            NotFound: There is none.
            Conflict: Something else was asked of it.
        """
        (entry,) = await self._store.get_many([keys.unfinished_replay(tenant_id)])
        plan = _decoded(entry, _plan_decoder)
        if plan is None:
            raise NotFound(
                f"there is no interrupted replay of {tenant_id!r} to go on with; begin one: {wanted.command(tenant_id)}"
            )
        if plan.wanted != wanted:
            raise Conflict(
                f"the interrupted replay of {tenant_id!r} was asked for otherwise; go on with it: "
                f"{plan.wanted.command(tenant_id)} --resume; or begin anew: {wanted.command(tenant_id)}"
            )
        return plan

    async def done(self, plan: ReplayPlan) -> dict[int, ReplayReport]:
        """Reports on the slices that the run is done with, by their numbers."""
        entries = await self._store.get_many(_slice_keys(plan))
        reports = [_decoded(entry, _report_decoder) for entry in entries]
        return {number: report for number, report in enumerate(reports) if report is not None}

    async def note(self, tenant_id: str, run_id: str, number: int, report: ReplayReport) -> None:
        """Note that a run is done with a slice."""
        await self._write(keys.replayed_slice(tenant_id, run_id, number), report)

    async def end(self, plan: ReplayPlan) -> None:
        """Remove the notes of a run; the tenant's is left if another run has begun meanwhile."""
        key = keys.unfinished_replay(plan.tenant_id)
        (entry,) = await self._store.get_many([key])
        writes = [Write(slice_key, None) for slice_key in _slice_keys(plan)]
        if entry is not None and _decoded(entry, _plan_decoder) == plan:
            writes.insert(0, Write(key, None, entry.version))
        await self._store.write_many(writes)

    async def _write(self, key: str, note: ReplayPlan | ReplayReport) -> None:
        await self._store.write_many([Write(key, msgspec.json.encode(note), None, SIDE_BY_SIDE_SECONDS)])


def _slice_keys(plan: ReplayPlan) -> list[str]:
    return [keys.replayed_slice(plan.tenant_id, plan.run_id, number) for number in range(plan.slices)]


def _decoded(entry: Entry | None, decoder: msgspec.json.Decoder[_T]) -> _T | None:
    """A note; what cannot be read is as good as none: its work is done again."""
    try:
        return None if entry is None else decoder.decode(entry.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
