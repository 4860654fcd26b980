"""Derived keys: results of days for those who read the store directly. Our own reads don't use them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, final

import msgspec

from mastery_engine.contracts import keys
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.evidence import NO_DAY, merge_all
from mastery_engine.domain.scores import COMPONENTS, SCORE_DECIMALS, Result, streaks
from mastery_engine.engine.fold_batch import FoldedBatch, Learner
from mastery_engine.engine.lifetimes import RECENT_ACTIVITY_DAYS, Lifetimes
from mastery_engine.ports import Write

DerivedKind = Literal["day", "component", "activity"]
DERIVED_KINDS: Final[tuple[DerivedKind, ...]] = ("day", "component", "activity")
VERSION: Final = 1
_encode: Final = msgspec.json.Encoder().encode


@final
class DerivedKeys:
    """Makes the writes of the derived keys that are switched on."""

    def __init__(self, lifetimes: Lifetimes, kinds: Iterable[DerivedKind] = DERIVED_KINDS) -> None:
        """Choose the kinds of keys to keep."""
        self._lifetimes = lifetimes
        chosen = frozenset(kinds)
        self._day = "day" in chosen
        self._component = "component" in chosen
        self._activity_kept = "activity" in chosen

    def writes(self, learner: Learner, batch: FoldedBatch, now_ms: int) -> list[Write]:
        """Writes for each day that an event of the batch changed, each key once."""
        if not batch.folded:
            return []
        writes: list[Write] = []
        if self._day or self._component:
            for result in self._changed_days(learner, batch):
                writes += self._of_day(learner, result, now_ms)
        if self._activity_kept:
            writes += self._activity(learner, batch)
        return writes

    def _changed_days(self, learner: Learner, batch: FoldedBatch) -> Iterable[Result]:
        """In-order events leave each day's result in their outcomes; only late ones need the history."""
        last = {outcome.day: outcome for outcome in batch.folded}
        days = {day: outcome.result for day, outcome in last.items()}
        state = batch.document.state
        late = {day for day in batch.late_days if day >= state.kept_from}
        if late:
            first = min(late)
            again = late | {day for day in days if day > first}
            history = state.history(learner.formula, max(again), from_day=first)
            days.update({result.day: result for result in history if result.day in again})
        return days.values()

    def _of_day(self, learner: Learner, result: Result, now_ms: int) -> list[Write]:
        tenant = learner.tenant
        ttl = self._lifetimes.day(tenant, result.day, now_ms)
        if ttl is not None and ttl <= 0:
            return []
        key = keys.day_result(tenant.tenant_id, learner.student_id, _iso(result.day))
        writes: list[Write] = []
        if self._day:
            completion, quiz, quality, consistency = map(_component, result.components)
            whole = (
                f'{{"v":{VERSION},"score":{result.score!r},"level":"{result.level}","formula":"{result.formula}",'
                f'"components":{{"completion":{{{completion}}},"quiz":{{{quiz}}},'
                f'"quality":{{{quality}}},"consistency":{{{consistency}}}}}}}'
            )
            writes.append(Write(key, whole.encode(), None, ttl))
        if self._component:
            writes += [
                Write(f"{key}:{name}", _component_value(value), None, ttl)
                for name, value in zip(COMPONENTS, result.components, strict=True)
            ]
        return writes

    def _activity(self, learner: Learner, batch: FoldedBatch) -> Iterable[Write]:
        whole = merge_all([course.now for course in batch.document.state.courses.values()])
        if whole.active_until == NO_DAY:
            return
        current, longest = streaks(whole.active_days)
        recent = {
            "v": VERSION,
            "active_days": [
                _iso(whole.active_until - back)
                for back in range(RECENT_ACTIVITY_DAYS)
                if whole.active_days >> back & 1
            ],
            "current_streak": current,
            "longest_streak": max(longest, whole.max_streak),
        }
        key = keys.recent_activity(learner.tenant.tenant_id, learner.student_id)
        yield Write(key, _encode(recent), None, self._lifetimes.recent_activity())


@lru_cache(maxsize=8_192)
def _component(value: float | None) -> str:
    """Members of a component's JSON object.

    Written out, for this is made five times an event: names are plain ASCII.
    """
    if value is None:
        return '"value":0.0,"observed":false'
    return f'"value":{round(value, SCORE_DECIMALS)!r},"observed":true'


@lru_cache(maxsize=8_192)
def _component_value(value: float | None) -> bytes:
    """Value of a component's key."""
    return f'{{"v":{VERSION},{_component(value)}}}'.encode()


@lru_cache(maxsize=8_192)
def _iso(day: int) -> str:
    return date_of(day).isoformat()
