"""Requests made from the OpenAPI document, good and bad, as each role; and chains of them along its links."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final, cast
from urllib.parse import unquote

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks  # pyright: ignore[reportUnknownVariableType] - partly untyped
from schemathesis.core.failures import Failure, FailureGroup

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.openapi import document
from mastery_engine.api.operation import Operation
from mastery_engine.api.table import OPERATIONS
from tools.fuzz.people import STUDENTS
from tools.fuzz.run import Run

DESCRIBED: Final = "described"
CHAINS: Final = "chains"
EXAMPLES: Final = 6
_SECONDS: Final = 30.0
_AS_IT_IS: Final = 0.4
JUDGED_AS_EVENTS: Final = {"ingest", "process", "learning"}
"""Events are judged one by one, by rules that no schema can say: times, totals, the token's tenant."""
BY_MORE_RULES: Final = {
    "next_week",
    "trajectory",
    "what_if",
    "learning_path",
    "mastery_history",
    "put_cohort",
    "import_cohorts",
    "fix_letter",
    "revoke_tokens",
    "audit",
    "stream",
}
"""Their good requests must fit more than a schema can say."""
LASTING: Final = {"erase", "restrict", "unrestrict", "revoke_tokens"}
"""What these do to the students whose ids are looked for would leave nothing to look for."""
SENDING: Final = {"ingest", "process", "learning", "fix_letter"}
CONDITIONS: Final = ("X-Mastery-Position", "If-Match", "If-None-Match")
"""Headers whose values only an answer can give; so it is with a cursor."""
_TOLERATED: Final = (
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
)
_STREAM: Final = "text/event-stream"


def ask_as_described(run: Run, examples: int = EXAMPLES) -> None:
    """Ask each operation as each role, with requests that fit the document and ones that do not."""
    schema = _schema(run)
    rows: list[tuple[Operation, GenerationMode, TokenRole]] = [
        (row, mode, role)
        for row in OPERATIONS
        for mode in GenerationMode
        for role in run.roles
        if run.wants(row.name)
    ]
    run.chance(DESCRIBED).shuffle(rows)
    for row, mode, role in rows:
        if run.over:
            return
        if row.request or row.parameters or mode.is_positive:
            _ask(run, schema, row, mode, role, examples)


def follow_links(run: Run, examples: int = 4, steps: int = 12) -> None:
    """Follow what follows from what, as an admin, in random order."""
    schema = _schema(run)
    session = requests.Session()
    bearer = run.people.bearer("admin")
    machine = schema.as_state_machine()
    names = {(row.method, row.path): row for row in OPERATIONS}

    class Chain(machine):
        """One walk."""

        def call(self, case: Any, **_: Any) -> Any:
            row = names[case.operation.method, case.operation.path]
            return _send(run, session, case, bearer, row)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            row = names[case.operation.method, case.operation.path]
            _validate(run, CHAINS, row, case, response, "admin", bearer, positive=False)

    if run.over:
        return
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=_TOLERATED,
    )
    seed(run.seed)(Chain)
    run_state_machine_as_test(cast("Any", Chain), settings=limits)


def _schema(run: Run) -> Any:
    made: Any = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
    made.config.update(base_url=run.service.url)
    load_all_checks()
    return made


def _ask(run: Run, schema: Any, row: Operation, mode: GenerationMode, role: TokenRole, examples: int) -> None:
    operation = schema[row.path][row.method]
    bearer = run.people.bearer(role)
    chance = run.chance(f"{row.name} {mode.value} {role}")
    session = requests.Session()

    @seed(chance.getrandbits(32))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=_TOLERATED,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        if run.over:
            return
        if mode.is_positive:
            _fit(case, row, chance)
        response = _send(run, session, case, bearer, row)
        if response is not None:
            _validate(run, DESCRIBED, row, case, response, role, bearer, positive=mode.is_positive)

    check()
    session.close()


def _fit(case: Any, row: Operation, chance: Random) -> None:
    """Leave out what only an answer can give, and often ask for somebody who is there."""
    for name in CONDITIONS:
        case.headers.pop(name, None)
    case.query.pop("cursor", None)
    case.body = whole(case.body)
    if row.name in LASTING or chance.random() < _AS_IT_IS:
        return
    # An id is its school's: who sends it in an event here has a student of that name here, who may be seen.
    known = STUDENTS[:-1] if row.name in SENDING else STUDENTS
    for place in (case.body, case.path_parameters, case.query):
        _name(place, lambda: chance.choice(known))


def _name(place: Any, one: Callable[[], str]) -> None:
    if not isinstance(place, dict):
        return
    fields = cast("dict[str, Any]", place)
    for name, value in fields.items():
        if name == "student_id" and isinstance(value, str):
            fields[name] = one()
        elif name == "student_ids" and isinstance(value, list) and value:
            fields[name] = [*cast("list[Any]", value)[1:], one()]
        else:
            _name(value, one)


def whole(value: Any) -> Any:
    """The same with each 6.0 as 6: to JSON Schema that is a whole number, and here it is not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(one) for name, one in cast("dict[str, Any]", value).items()}
    return [whole(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def _send(run: Run, session: requests.Session, case: Any, bearer: dict[str, str], row: Operation) -> Any:
    """The answer; of a stream its head alone, since it would go on."""
    if _STREAM not in row.answers_with:
        try:
            return case.call(session=session, headers=bearer, timeout=_SECONDS)
        except requests.RequestException as error:
            run.note(DESCRIBED, row.name, f"no answer: {type(error).__name__}", str(error))
            return None
    told = case.as_transport_kwargs(base_url=run.service.url, headers=bearer)
    with session.request(**told, stream=True, timeout=_SECONDS) as answer:
        body = b"" if answer.status_code == requests.codes.ok else answer.content
        sent = f"{answer.request.url} {told.get('json')}"
        run.judge(DESCRIBED, row.name, answer.status_code, answer.headers, body, sent=sent)
    return None


def _validate(  # noqa: PLR0913 - all of what was asked and answered
    run: Run,
    part: str,
    row: Operation,
    case: Any,
    response: Any,
    role: TokenRole,
    bearer: dict[str, str],
    *,
    positive: bool,
) -> None:
    if response is None:
        return
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    asked = response.request
    sent = f"{asked.method} {unquote(asked.url or '')} {_text(asked.body)}"
    run.judge(part, row.name, response.status_code, headers, response.content, role=role, sent=sent)
    left_out = {"ignored_auth", "use_after_free", "unsupported_method", "object_level_authorization"}
    if row.name in JUDGED_AS_EVENTS:
        left_out |= {"positive_data_acceptance", "negative_data_rejection"}
    if row.name in BY_MORE_RULES or not positive:
        left_out |= {"positive_data_acceptance"}
    if part == CHAINS:
        left_out |= {"negative_data_rejection", "positive_data_acceptance", "ensure_resource_availability"}
    checks: list[Any] = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in left_out]
    try:
        case.validate_response(response, checks=checks, headers=bearer)
    except FailureGroup as group:
        for failure in group.exceptions:
            run.note(
                part, row.name, _title(failure), f"as {role}: {sent} -> {response.status_code} {failure}"
            )


def _title(failure: BaseException) -> str:
    return failure.title if isinstance(failure, Failure) else type(failure).__name__


def _text(body: Any) -> str:
    text = body.decode("utf-8", errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        return f"{text} {json.loads(text)}"
    except ValueError:
        return text
