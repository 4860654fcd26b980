"""A line of the exported results."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec
from msgspec import Struct

from mastery_engine.contracts.answers import ComponentView
from mastery_engine.domain.scores import COMPONENTS, SCORE_DECIMALS, Component, Level, Result


class ScopeResult(Struct, frozen=True, kw_only=True):
    """A result in one scope; what is not observed has the value 0."""

    score: float
    level: Level
    components: dict[Component, ComponentView]


class StudentResults(Struct, frozen=True, kw_only=True):
    """A student's results at the end of a day, all courses together and each; numbers at 6 decimals."""

    student_id: str
    as_of: date
    overall: ScopeResult
    courses: dict[str, ScopeResult]


_encoder: Final = msgspec.json.Encoder()


def encode_results(results: StudentResults) -> bytes:
    """One line of JSON, without its end."""
    return _encoder.encode(results)


def scope_result(result: Result) -> ScopeResult:
    """A result as it is exported."""
    views: dict[Component, ComponentView] = {
        name: ComponentView(
            value=0.0 if value is None else round(value, SCORE_DECIMALS), observed=value is not None
        )
        for name, value in zip(COMPONENTS, result.components, strict=True)
    }
    return ScopeResult(score=result.score, level=result.level, components=views)
