"""Generated requests, good and bad: every answer is one that the OpenAPI document promises."""

from __future__ import annotations

import json
from collections.abc import Generator
from itertools import cycle
from typing import Any, NamedTuple, cast

import pytest
import requests
import schemathesis
import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks  # pyright: ignore[reportUnknownVariableType] - partly untyped

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.openapi import document
from mastery_engine.api.operation import Operation
from mastery_engine.api.table import OPERATIONS
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.domain.cohort import Cohort, Membership
from tests.api.on_sockets import Running, running
from tests.api.school import quiz, trial_settings

JUDGED_AS_EVENTS = {"ingest", "process", "learning"}
"""Events are judged one by one, by rules that no schema can say: times, totals, the token's tenant."""
BY_MORE_RULES = {
    "next_week": "three days with an event are wanted",
    "trajectory": "the same",
    "what_if": "something happens, of a course with exercises, and no more answers are correct than there are questions",
    "learning_path": "goal, topic and assessment go together, and the assessment is after the day",
    "mastery_history": "the end is not before the start",
    "import_cohorts": "the text is a table with these columns",
    "put_cohort": "no membership ends before it begins",
    "fix_letter": "the event is judged as one",
}
"""By operation, what no schema can say, so that a request may fit it and be refused all the same."""
CONDITIONS = ("X-Mastery-Position", "If-Match", "If-None-Match")
"""Headers whose values only an answer can give; so it is with a cursor."""
ROLES: tuple[TokenRole, ...] = ("admin", "teacher", "student", "service")
TOLERATED = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


class Served(NamedTuple):
    """A school that listens, in a loop of its own."""

    running: Running
    portal: BlockingPortal

    def settle(self, name: str) -> dict[TokenRole, dict[str, str]]:
        """Tokens of people of one operation alone: what another has done to its own, erased too, stays with those."""
        school = self.running.school
        class_of = Cohort(
            cohort_id=name, teachers=(Membership(person_id=name),), students=(Membership(person_id=name),)
        )

        async def settle() -> None:
            await school.engine.adapters.rosters.put("default", [class_of])
            await school.teach(name, *(quiz(course_id=f"c{number}") for number in range(3)))

        self.portal.call(settle)
        return {role: school.bearer(name, role) for role in ROLES}


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    # A server's log lines would come out between the tests.
    configure_logs(trial_settings())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running()) as school:
        yield Served(school, portal)
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def api(served: Served) -> Any:
    # Typed by hand: what schemathesis generates is partly unknown to a type checker.
    described: Any = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
    described.config.update(base_url=served.running.url)
    load_all_checks()
    return described


def whole(value: Any) -> Any:
    """The same with each 6.0 as 6: to JSON Schema that is a whole number, and here it is not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(one) for name, one in cast("dict[str, Any]", value).items()}
    return [whole(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def checks_for(described: Operation) -> list[Any]:
    left_out = {"ignored_auth"}
    if described.name in JUDGED_AS_EVENTS:
        left_out |= {"positive_data_acceptance", "negative_data_rejection"}
    if described.name in BY_MORE_RULES:
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
    served: Served, api: Any, described: Operation, mode: GenerationMode
) -> None:
    operation = api[described.path][described.method]
    name = f"{described.name}-{mode.value}"
    callers, checks = served.settle(name), checks_for(described)

    # A few, each as an admin, whom most is open to, and as one of the others in turn; `make fuzz` asks for long.
    generated = 2 if described.request or described.parameters else 1
    others = cycle(ROLES[1:])

    @settings(
        max_examples=generated,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=TOLERATED,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case[Any]) -> None:
        if mode.is_positive:
            # Only an answer can give what these are to hold.
            for header in CONDITIONS:
                case.headers.pop(header, None)
            case.body = whole(case.body)
            case.query.pop("cursor", None)
        for role in (ROLES[0], next(others)):
            case.call_and_validate(headers=callers[role], checks=checks, session=session)
        if mode.is_positive and isinstance(case.body, dict) and "student_id" in case.body:
            # Nearly all ids that come up are of nobody; so ask for somebody too.
            case.body["student_id"] = name
            case.call_and_validate(headers=callers[next(others)], checks=checks, session=session)

    with requests.Session() as session:
        check()
