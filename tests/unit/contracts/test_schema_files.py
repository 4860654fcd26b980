"""The schemas on the wire say the same as the types."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import jsonschema_rs
import msgspec
import pytest

from mastery_engine.contracts.event_json import decode_event, encode_event
from mastery_engine.contracts.schema_files import avro_schema, json_schema, schema_files
from mastery_engine.domain.events import (
    EVENT_CLASSES,
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    MasteryCalculationRequested,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

FOLDER = Path(__file__).parents[3] / "src" / "mastery_engine" / "contracts" / "schemas"
COMMON: dict[str, Any] = {
    "event_id": "0189c6b2-1111-4222-8333-123456789abc",
    "timestamp": 1_391_425_200_123,
    "tenant_id": "greenfield",
    "student_id": "ada-01",
    "source": "tutor",
}
EVENTS: list[dict[str, Any]] = [
    {
        **COMMON,
        "event_type": "exercise.completion.submitted",
        "exercise_id": "loops-3",
        "total_exercises": 10,
        "completed_exercises": 4,
        "difficulty": "advanced",
        "time_taken": 61.5,
        "course_id": "python:1",
        "activity": False,
    },
    {
        **COMMON,
        "event_type": "quiz.performance.submitted",
        "quiz_id": "q1",
        "total_questions": 8,
        "correct_answers": 6,
        "time_spent": 300,
        "confidence_score": 0.5,
        "metadata": {"device": "tablet"},
    },
    {
        **COMMON,
        "event_type": "quality.assessment.completed",
        "submission_id": "s1",
        "code_quality_score": 0.7,
        "correctness_score": 1,
        "efficiency_score": 0.4,
    },
    {
        **COMMON,
        "event_type": "consistency.activity.recorded",
        "activity_dates": ["2014-02-01", "2014-02-03"],
        "max_streak": 12,
    },
    {
        **COMMON,
        "event_type": "mastery.calculation.requested",
        "components": {"quiz": 0.5},
        "correlation_id": "c-1",
    },
]
CLASSES: tuple[type[Event], ...] = (
    ExerciseCompletionSubmitted,
    QuizPerformanceSubmitted,
    QualityAssessmentCompleted,
    ConsistencyActivityRecorded,
    MasteryCalculationRequested,
)


def test_the_files_are_what_the_types_say() -> None:
    files = (file for file in FOLDER.iterdir() if file.is_file())
    assert {file.name: file.read_text("utf-8") for file in files} == schema_files()


@pytest.mark.parametrize("name", [name for name in schema_files() if name.endswith(".avsc")])
def test_every_avro_schema_is_one_and_is_named_after_its_event(name: str) -> None:
    schema = json.loads(schema_files()[name])
    fastavro.parse_schema(schema)
    assert (
        f"{schema['namespace']}.{schema['name']}" == f"com.learnflow.mastery.v1.{name.removesuffix('.avsc')}"
    )


@pytest.mark.parametrize(("cls", "fields"), list(zip(CLASSES, EVENTS, strict=True)))
def test_an_event_comes_back_from_avro_as_it_went_in(cls: type[Event], fields: dict[str, Any]) -> None:
    event = decode_event(json.dumps(fields).encode())
    assert type(event) is cls
    schema = fastavro.parse_schema(avro_schema(cls))
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, schema, msgspec.structs.asdict(event) | _dates(event))
    stream.seek(0)
    back = fastavro.schemaless_reader(stream, schema, None)
    assert isinstance(back, dict)
    back["timestamp"] = int(back["timestamp"].timestamp() * 1000)
    assert msgspec.convert(back, cls) == event


@pytest.mark.parametrize("fields", EVENTS)
def test_canonical_json_fits_the_json_schema(fields: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator(json_schema())
    assert validator.is_valid(json.loads(encode_event(decode_event(json.dumps(fields).encode()))))


@pytest.mark.parametrize(
    ("field", "value"),
    [("student_id", "ada 01"), ("event_id", "1"), ("timestamp", -1), ("event_type", "quiz"), ("source", "")],
)
def test_what_the_decoder_refuses_does_not_fit_the_json_schema_either(field: str, value: object) -> None:
    assert not jsonschema_rs.Draft202012Validator(json_schema()).is_valid({**EVENTS[1], field: value})


def test_every_event_class_is_tried_here() -> None:
    assert set(CLASSES) == set(EVENT_CLASSES)


def _dates(event: Event) -> dict[str, Any]:
    nested = msgspec.to_builtins(event)
    if isinstance(event, ConsistencyActivityRecorded):
        return {"activity_dates": list(event.activity_dates)}
    if isinstance(event, MasteryCalculationRequested) and event.components is not None:
        return {
            "components": {"completion": None, "quality": None, "consistency": None, **nested["components"]}
        }
    return {}
