"""Outputs of an outcome: their ids derived, their content the same whenever they are sent again."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mastery_engine.contracts import keys
from mastery_engine.contracts.answers import component_views
from mastery_engine.contracts.outcome import MICROS, Answer, Outcome
from mastery_engine.contracts.outputs import (
    LearningPathRecommended,
    MasteryCalculated,
    MasteryThresholdReached,
    MasteryUpdated,
    output_type,
)
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.recommend import Recommendation, recommend
from mastery_engine.domain.scores import LEVELS, Component, Formula, Result
from mastery_engine.engine.path_notes import steps_as_sent
from mastery_engine.ports import OutputMessage

_UPDATED: Final = output_type(MasteryUpdated)
_REACHED: Final = output_type(MasteryThresholdReached)
_PATH: Final = output_type(LearningPathRecommended)
_ANSWERED: Final = output_type(MasteryCalculated)


def messages_of(tenant: Tenant, student_id: str, outcome: Outcome, formula: Formula) -> list[OutputMessage]:
    """Every message of an outcome.

    Args:
        tenant: Tenant of the student.
        student_id: Whose outcome.
        outcome: What an event changed.
        formula: The formula that the outcome names.
    """
    name = keys.learner(tenant.tenant_id, student_id)
    cause, as_of = keys.uuid_text(outcome.event_id), _iso(outcome.as_of)
    common = (tenant.tenant_id, student_id, cause)
    key = name.encode()
    headers = () if outcome.trace is None else outcome.trace.headers()
    if outcome.answer is not None:
        answered = _answered(keys.derived_id(name, cause, _ANSWERED), common, as_of, outcome)
        return [OutputMessage(key, answered, headers)]
    result = outcome.result
    recommendations = recommend(result, formula)
    output_id = keys.derived_id(name, cause, _UPDATED)
    updated = _updated(output_id, common, as_of, outcome, result, recommendations)
    messages = [OutputMessage(key, updated, headers)]
    if outcome.previous_level is not None and outcome.previous_level != outcome.level:
        reached = _reached(keys.derived_id(name, cause, _REACHED), common, as_of, outcome)
        messages.append(OutputMessage(key, reached, headers))
    if outcome.path is not None:
        priority_areas = formula.weak(result.components)
        output_id = keys.derived_id(name, cause, _PATH)
        path = _path(output_id, common, as_of, outcome, recommendations, priority_areas)
        messages.append(OutputMessage(key, path, headers))
    return messages


_Common = tuple[str, str, str]


def _updated(
    output_id: str,
    common: _Common,
    as_of: str,
    outcome: Outcome,
    result: Result,
    recommendations: list[Recommendation],
) -> MasteryUpdated:
    tenant_id, student_id, cause = common
    before = outcome.previous_score
    return MasteryUpdated(
        event_id=output_id,
        timestamp=as_of,
        tenant_id=tenant_id,
        student_id=student_id,
        caused_by=cause,
        score=result.score,
        level=result.level,
        components=component_views(result.components),
        previous_score=None if before is None else before / MICROS,
        previous_level=None if outcome.previous_level is None else LEVELS[outcome.previous_level],
        formula=outcome.formula,
        as_of=as_of,
        recommendations=recommendations,
    )


def _reached(output_id: str, common: _Common, as_of: str, outcome: Outcome) -> MasteryThresholdReached:
    tenant_id, student_id, cause = common
    before = outcome.previous_level or 0
    return MasteryThresholdReached(
        event_id=output_id,
        timestamp=as_of,
        tenant_id=tenant_id,
        student_id=student_id,
        caused_by=cause,
        from_level=LEVELS[before],
        to_level=LEVELS[outcome.level],
        direction="up" if outcome.level > before else "down",
        score=outcome.score / MICROS,
    )


def _path(
    output_id: str,
    common: _Common,
    as_of: str,
    outcome: Outcome,
    recommendations: list[Recommendation],
    priority_areas: tuple[Component, ...],
) -> LearningPathRecommended:
    tenant_id, student_id, cause = common
    completion = None if outcome.path is None else outcome.path.completion_day
    return LearningPathRecommended(
        event_id=output_id,
        timestamp=as_of,
        tenant_id=tenant_id,
        student_id=student_id,
        caused_by=cause,
        path=steps_as_sent(recommendations, outcome.day),
        estimated_completion=None if completion is None else date_of(completion).isoformat(),
        priority_areas=priority_areas,
    )


def _answered(output_id: str, common: _Common, as_of: str, outcome: Outcome) -> MasteryCalculated:
    tenant_id, student_id, cause = common
    answer = outcome.answer or Answer()
    failed, result = answer.error is not None, outcome.result
    return MasteryCalculated(
        event_id=output_id,
        timestamp=as_of,
        tenant_id=tenant_id,
        student_id=student_id,
        caused_by=cause,
        correlation_id=answer.correlation_id,
        score=None if failed else result.score,
        level=None if failed else result.level,
        components=None if failed else component_views(result.components),
        formula=outcome.formula,
        as_of=as_of,
        error=answer.error,
    )


def _iso(timestamp_ms: int) -> str:
    """Like 2026-03-02T08:00:00.000Z; by hand, since a datetime of each takes twice as long."""
    day, ms = divmod(timestamp_ms, DAY_MS)
    minutes, ms = divmod(ms, 60_000)
    return f"{_iso_day(day)}T{minutes // 60:02}:{minutes % 60:02}:{ms // 1_000:02}.{ms % 1_000:03}Z"


@lru_cache(maxsize=8_192)
def _iso_day(day: int) -> str:
    return date_of(day).isoformat()
