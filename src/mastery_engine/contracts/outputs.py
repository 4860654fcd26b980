"""The events that the engine sends: they carry all that a notifier needs."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import Struct

from mastery_engine.contracts.answers import ComponentView
from mastery_engine.domain.learning_path import Step
from mastery_engine.domain.recommend import Recommendation
from mastery_engine.domain.scores import Component, Level

SOURCE: Final = "mastery-engine"


class Output(Struct, kw_only=True, frozen=True, tag_field="event_type"):
    """Fields that every output has.

    Attributes:
        event_id: UUID derived from the student, the causing event and the type: the same whenever it is sent
            again.
        timestamp: Event time, ISO 8601 in UTC: that of the newest event folded so far.
        caused_by: Id of the event that it comes from.
    """

    event_id: str
    timestamp: str
    tenant_id: str
    student_id: str
    caused_by: str
    source: str = SOURCE


class MasteryUpdated(Output, kw_only=True, frozen=True, tag="mastery.updated"):
    """A student's overall mastery after an event; `previous_*` are None for the first result."""

    score: float
    level: Level
    components: dict[Component, ComponentView]
    previous_score: float | None
    previous_level: Level | None
    formula: str
    as_of: str
    recommendations: list[Recommendation]


class MasteryThresholdReached(Output, kw_only=True, frozen=True, tag="mastery.threshold.reached"):
    """A student's level has changed."""

    from_level: Level
    to_level: Level
    direction: Literal["up", "down"]
    score: float


class LearningPathRecommended(Output, kw_only=True, frozen=True, tag="learning.path.recommended"):
    """What is weak, or its order, has changed; so has the path.

    Attributes:
        path: Steps in order.
        estimated_completion: ISO date, None where no forecast can be made yet.
        priority_areas: Weak components, the one with most score to win first.
    """

    path: list[Step]
    estimated_completion: str | None
    priority_areas: tuple[Component, ...]


class MasteryCalculated(Output, kw_only=True, frozen=True, tag="mastery.calculated"):
    """Answer to a calculation request: a result, or the code of an error."""

    correlation_id: str | None
    score: float | None
    level: Level | None
    components: dict[Component, ComponentView] | None
    formula: str
    as_of: str
    error: str | None


OUTPUT_CLASSES: Final[tuple[type[Output], ...]] = (
    MasteryUpdated,
    MasteryThresholdReached,
    LearningPathRecommended,
    MasteryCalculated,
)
_encoder: Final = msgspec.json.Encoder()


def encode_output(output: Output) -> bytes:
    """The output as JSON."""
    return _encoder.encode(output)


OUTPUT_TYPES: Final[dict[type[Output], str]] = {cls: str(cls.__struct_config__.tag) for cls in OUTPUT_CLASSES}
"""Name of each output's type on the wire."""


def output_type(cls: type[Output]) -> str:
    """Name of an output's type on the wire."""
    return OUTPUT_TYPES[cls]
