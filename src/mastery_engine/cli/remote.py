"""An engine somewhere else: what reading commands ask of an engine, asked of a service instead.

The service decides by its token who asks and in which school. What it does not offer is refused before anything is sent.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, final

import msgspec
from msgspec import Struct

from mastery_engine.bootstrap.formula_file import load_formulas
from mastery_engine.client import AsyncClient, calls
from mastery_engine.config import Settings
from mastery_engine.contracts.answers import (
    Calculation,
    Comparison,
    ForecastAnswer,
    History,
    Metric,
    Profile,
    RecommendationsAnswer,
)
from mastery_engine.contracts.cohort_summary import CohortSummary
from mastery_engine.contracts.keys import DEFAULT_TENANT
from mastery_engine.domain.cohort import Cohort
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.forecast import DEFAULT_MODEL
from mastery_engine.domain.history import Aggregation
from mastery_engine.domain.learning_path import LearningPath, Plan
from mastery_engine.domain.scores import Components
from mastery_engine.engine.access import Caller

if TYPE_CHECKING:
    from mastery_engine.bootstrap import Engine

TOKEN: Final = "MASTERY_TOKEN"  # noqa: S105 - the name of a variable
TOKEN_FILE: Final = "MASTERY_TOKEN_FILE"  # noqa: S105 - as above
_DAYS: Final = 7


@asynccontextmanager
async def open_remote(server: str, settings: Settings) -> AsyncGenerator[Engine]:
    """Open an engine that is a service.

    Args:
        server: Its address.
        settings: The formulas of these explain a score's parts.

    Raises:
        InvalidInput: The address is none, or there is no token.
    """
    async with AsyncClient(server, token()) as client:
        # It has those parts of an engine that reading commands use, with the same methods.
        yield cast("Engine", RemoteEngine(client, settings))


def token() -> str:
    """The token of the environment, never of an argument: all of a machine may read those.

    Raises:
        InvalidInput: There is none.
    """
    if given := os.environ.get(TOKEN):
        return given
    file = os.environ.get(TOKEN_FILE)
    if file is None:
        raise InvalidInput(f"--server needs a token in {TOKEN}, or in a file that {TOKEN_FILE} names")
    try:
        read = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{TOKEN_FILE} {file} cannot be read: {type(error).__name__}") from None
    if not read:
        raise InvalidInput(f"{TOKEN_FILE} {file} is empty; write the token into it")
    return read


def school_of(text: str) -> str:
    """The school that a token names, for the page of a student; the service alone decides whether it holds."""
    try:
        part = text.split(".")[1]
        claims = msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=_Claims)
    except (IndexError, ValueError, msgspec.DecodeError):
        return "of the token"
    return claims.tenant_id or DEFAULT_TENANT


class _Claims(Struct):
    tenant_id: str | None = None


@final
class RemoteEngine:
    """The parts of an engine that reading commands use."""

    def __init__(self, client: AsyncClient, settings: Settings) -> None:
        """Ask through a client."""
        self.formulas, _ = load_formulas(settings.formulas)
        self.queries = self.analytics = self.predictions = self.advice = _Questions(client)
        self.cohorts = _Classes(client)
        self.reader = _NoLines()


@final
class _Classes:
    """Classes, as a use case of an engine tells them."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def list(
        self, caller: Caller, *, after: str = "", limit: int
    ) -> tuple[list[CohortSummary], str | None]:
        """All of them at once, so that no page is left to ask for."""
        del caller, after, limit
        return [one async for one in self._client.items(calls.cohorts())], None

    async def get(self, caller: Caller, cohort_id: str) -> Cohort:
        del caller
        return await self._client.send(calls.cohort(cohort_id))


@final
class _NoLines:
    """The lines of a class rest on every member's days, which no route tells at once: its table is shown without."""

    async def many(self, caller: Caller, action: str, members: Sequence[str], day: date) -> dict[str, Any]:
        del caller, action, members, day
        return {}


@final
class _Questions:
    """The questions about students, with the arguments that an engine's use cases have."""

    def __init__(self, client: AsyncClient) -> None:
        self._ask = client.send

    async def profile(
        self,
        caller: Caller,
        student_id: str,
        *,
        course_id: str | None = None,
        as_of: date | None = None,
        formula: str | None = None,
    ) -> Profile:
        del caller
        _refuse_formula(formula)
        return await self._ask(calls.profile(student_id, course_id=course_id, date=as_of))

    async def calculate(
        self,
        caller: Caller,
        components: Components,
        *,
        student_id: str | None = None,
        formula: str | None = None,
    ) -> Calculation:
        del caller
        _refuse_formula(formula)
        return await self._ask(calls.calculation(components, student_id=student_id))

    async def history(
        self,
        caller: Caller,
        student_id: str,
        *,
        start: date | None = None,
        end: date | None = None,
        aggregation: Aggregation = "daily",
        course_id: str | None = None,
        formula: str | None = None,
    ) -> History:
        del caller
        _refuse_formula(formula)
        asked = calls.history(student_id, start=start, end=end, aggregation=aggregation, course_id=course_id)
        return await self._ask(asked)

    async def compare(
        self,
        caller: Caller,
        cohort_id: str,
        *,
        student_id: str | None = None,
        metric: Metric | None = None,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> Comparison:
        del caller
        asked = calls.comparison(
            cohort_id, student_id=student_id, metric=metric, course_id=course_id, date=as_of
        )
        return await self._ask(asked)

    async def forecast(
        self,
        caller: Caller,
        student_id: str,
        *,
        days: int = _DAYS,
        course_id: str | None = None,
        as_of: date | None = None,
        model: str = DEFAULT_MODEL,
        formula: str | None = None,
    ) -> ForecastAnswer:
        del caller
        _refuse_formula(formula)
        if model != DEFAULT_MODEL:
            raise _not_offered("another model", "--model")
        if days != _DAYS:
            raise _not_offered(f"a forecast over other than {_DAYS} days", "--days")
        return await self._ask(calls.forecast(student_id, course_id=course_id, date=as_of))

    async def recommendations(
        self,
        caller: Caller,
        student_id: str,
        *,
        limit: int,
        course_id: str | None = None,
        as_of: date | None = None,
        reword: bool,
    ) -> RecommendationsAnswer:
        del caller, reword  # the service decides
        asked = calls.recommendations(student_id, limit=limit, course_id=course_id, date=as_of)
        return await self._ask(asked)

    async def path(
        self,
        caller: Caller,
        student_id: str,
        *,
        plan: Plan,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> LearningPath:
        del caller
        return await self._ask(calls.learning_path(student_id, plan, course_id=course_id, date=as_of))


def _refuse_formula(formula: str | None) -> None:
    if formula is not None:
        raise _not_offered("another formula", "--formula")


def _not_offered(what: str, option: str) -> InvalidInput:
    return InvalidInput(f"a service does not offer {what}; leave out {option}, or leave out --server")
