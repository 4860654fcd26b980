"""Outputs on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from mastery_engine.contracts.answers import ComponentView
from mastery_engine.contracts.outputs import (
    OUTPUT_CLASSES,
    LearningPathRecommended,
    MasteryCalculated,
    MasteryThresholdReached,
    MasteryUpdated,
    Output,
    encode_output,
    output_type,
)

COMMON: dict[str, Any] = {
    "event_id": "00000000-0000-5000-8000-000000000001",
    "timestamp": "2024-03-08T10:00:00.000Z",
    "tenant_id": "default",
    "student_id": "ann",
    "caused_by": "00000000-0000-4000-8000-000000000002",
}
OUTPUTS: dict[str, Output] = {
    "mastery.updated": MasteryUpdated(
        **COMMON,
        score=0.54,
        level="developing",
        components={"quiz": ComponentView(value=0.8, observed=True)},
        previous_score=None,
        previous_level=None,
        formula="adr-004@1",
        as_of="2024-03-08",
        recommendations=[],
    ),
    "mastery.threshold.reached": MasteryThresholdReached(
        **COMMON, from_level="beginner", to_level="developing", direction="up", score=0.54
    ),
    "learning.path.recommended": LearningPathRecommended(
        **COMMON, path=[], estimated_completion=None, priority_areas=("quiz",)
    ),
    "mastery.calculated": MasteryCalculated(
        **COMMON,
        correlation_id="c-1",
        score=None,
        level=None,
        components=None,
        formula="adr-004@1",
        as_of="2024-03-08",
        error="NOT_FOUND",
    ),
}


def test_every_output_names_its_type_its_source_and_its_cause() -> None:
    assert tuple(map(type, OUTPUTS.values())) == OUTPUT_CLASSES
    for name, output in OUTPUTS.items():
        told = msgspec.json.decode(encode_output(output))
        assert msgspec.json.decode(encode_output(output), type=type(output)) == output
        assert (told["event_type"], told["source"]) == (name, "mastery-engine")
        assert {field: told[field] for field in COMMON} == COMMON
        assert output_type(type(output)) == name


def test_what_is_not_known_is_told_as_null_and_not_left_out() -> None:
    updated = msgspec.json.decode(encode_output(OUTPUTS["mastery.updated"]))
    assert updated["previous_score"] is updated["previous_level"] is None
    calculated = msgspec.json.decode(encode_output(OUTPUTS["mastery.calculated"]))
    assert (calculated["score"], calculated["error"]) == (None, "NOT_FOUND")
