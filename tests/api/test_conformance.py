"""Generated requests, good and bad: every answer is one that the OpenAPI document promises."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks  # pyright: ignore[reportUnknownVariableType] - partly untyped

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.asgi import Receive, Send
from mastery_engine.api.operation import Operation
from mastery_engine.api.table import OPERATIONS
from tests.api.school import School, open_school, quiz

INGEST = "/api/v1/mastery/ingest"
BY_MORE_RULES = {
    "next_week": "three days with an event are wanted",
    "trajectory": "the same",
    "learning_path": "goal, topic and assessment go together, and the assessment is after the day",
    "mastery_history": "the end is not before the start",
    "import_cohorts": "the text is a table with these columns",
    "put_cohort": "no membership ends before it begins",
    "fix_letter": "the event is judged as one",
}
"""By operation, what no schema can say, so that a request may fit it and be refused all the same."""
CONDITIONS = ("X-Mastery-Position", "If-Match", "If-None-Match")
"""Headers whose values only an answer can give; so it is with a cursor."""
CALLERS: dict[TokenRole, str] = {"admin": "head", "teacher": "ms-yun", "student": "amal", "service": "tutor"}
TOLERATED = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


class SchoolApp:
    """The application with a student in it, opened and closed by the lifespan of whoever runs it."""

    def __init__(self) -> None:
        self.school: School | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            assert self.school is not None
            # The sidecar's doors are open to this machine, and to nobody whose address is a word.
            await self.school.app({**scope, "client": ("127.0.0.1", 1)}, receive, send)
            return
        async with open_school() as self.school:
            await self.school.teach("amal", *(quiz(course_id=f"c{number}") for number in range(3)))
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture(scope="module")
def api() -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", SchoolApp())


def whole(value: Any) -> Any:
    """The same with each 6.0 as 6: to JSON Schema that is a whole number, and here it is not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(one) for name, one in cast("dict[str, Any]", value).items()}
    return [whole(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def checks_for(case: schemathesis.Case[Any]) -> list[Any]:
    load_all_checks()
    left_out = {"ignored_auth"}
    if case.operation.path in {INGEST, "/process", "/events/learning"}:
        # Events are judged one by one, by rules that no schema can say: times, totals, the token's tenant.
        left_out |= {"positive_data_acceptance", "negative_data_rejection"}
    if case.operation.definition.raw.get("operationId") in BY_MORE_RULES:
        left_out |= {"positive_data_acceptance"}
    return [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in left_out]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("described", "mode"),
    [
        pytest.param(described, mode, id=f"{described.name}-{mode.value}")
        for described in OPERATIONS
        for mode in GenerationMode
        # A request with neither body nor parameters has nothing that could be wrong.
        if described.request or described.parameters or mode.is_positive
        # A good stream goes on and on; tests/api/test_streams.py reads it event by event.
        if "text/event-stream" not in described.answers_with or not mode.is_positive
    ],
)
def test_every_answer_is_one_that_the_document_promises(
    api: schemathesis.BaseSchema, described: Operation, mode: GenerationMode
) -> None:
    # Typed by hand: what schemathesis generates is partly unknown to a type checker.
    operation = cast("Any", api[described.path])[described.method]
    app = cast("SchoolApp", operation.schema.app)

    # A few, each as everybody; `make fuzz` asks for long.
    generated = 3 if described.request or described.parameters else 1

    @settings(max_examples=generated, deadline=None, suppress_health_check=TOLERATED)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case[Any]) -> None:
        assert app.school is not None
        if mode.is_positive:
            # Only an answer can give what these are to hold.
            for name in CONDITIONS:
                case.headers.pop(name, None)
            case.body = whole(case.body)
            case.query.pop("cursor", None)
        for role, subject in CALLERS.items():
            case.call_and_validate(headers=app.school.bearer(subject, role), checks=checks_for(case))
        if mode.is_positive and isinstance(case.body, dict) and "student_id" in case.body:
            # Nearly all ids that come up are of nobody; so ask for somebody too.
            case.body["student_id"] = "amal"
            for role, subject in CALLERS.items():
                case.call_and_validate(headers=app.school.bearer(subject, role), checks=checks_for(case))

    check()
