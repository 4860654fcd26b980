"""How often a caller may come to each route, and how many requests of one may be under way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from fastapi import Request

from mastery_engine.api.admission import admission_of
from mastery_engine.api.envelope import RETRY_SECONDS, clock_of
from mastery_engine.api.errors import Refusal
from mastery_engine.api.operation import Operation
from mastery_engine.config import LimitedRole
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.access import Caller
from mastery_engine.engine.limiting import Limiting
from mastery_engine.engine.policy import Role
from mastery_engine.ports import WINDOW_SECONDS, Standing

TIMES: Final[Mapping[Role, int]] = {"student": 1, "teacher": 4, "admin": 10, "service": 10, "operator": 10}
"""How many times a student's rate each role has."""


@final
class Rates:
    """How many requests of each role pass each route in any 60 seconds."""

    def __init__(
        self, operations: Iterable[Operation], changed: Mapping[str, Mapping[LimitedRole, int]]
    ) -> None:
        """Take those of the table, and in their place what the settings say.

        Args:
            operations: Rows of the table.
            changed: By name of a row and role.

        Raises:
            ConfigurationError: A name is no row's, or of one that has no limit.
        """
        rows = {row.name: row for row in operations if row.rate is not None}
        unknown = sorted(changed.keys() - rows.keys())
        if unknown:
            raise ConfigurationError(
                f"MASTERY_RATES names {', '.join(unknown)}; routes with a limit are {', '.join(sorted(rows))}"
            )
        self._of = {name: {**_by_role(row), **changed.get(name, {})} for name, row in rows.items()}
        self._names = {(row.method.upper(), row.path): row.name for row in rows.values()}

    def name_of(self, request: Request) -> str | None:
        """Name of the row that a request asks, None if it has no limit."""
        path = getattr(request.scope.get("route"), "path", "")
        return self._names.get((request.method, path))

    def most(self, name: str, role: Role) -> int | None:
        """How many pass, None for as many as come."""
        return self._of[name][role] if name in self._of else None


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """What keeps one caller from taking the place of the others.

    Attributes:
        rates: How many pass.
        limiting: Counts them.
        most_at_once: Most requests of one caller under way in this process.
        under_way: How many are, by tenant, role and subject.
    """

    rates: Rates
    limiting: Limiting
    most_at_once: int
    under_way: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])

    async def admit(self, request: Request, caller: Caller, name: str | None = None) -> None:
        """Let a caller pass, and have the answer tell how the caller stands.

        Args:
            request: What is asked.
            caller: Who asks.
            name: Of the row that is asked for in truth; None for that of the request's own route.

        Raises:
            Refusal: Too many in the last 60 seconds, or too many under way.
        """
        self._enter(request, caller)
        await self.count(request, caller, name or self.rates.name_of(request))

    async def count(self, request: Request, caller: Caller, name: str | None) -> None:
        """Count a request of a caller who is under way already, and have the answer tell how the caller stands.

        Args:
            request: What is asked.
            caller: Who asks.
            name: Of the row that is asked for; None for one without a limit.

        Raises:
            Refusal: Too many in the last 60 seconds.
        """
        most = self.rates.most(name, caller.role) if name else None
        if name is None or most is None:
            return
        standing = await self.limiting.take(caller, name, most)
        request.state.answer_headers = _headers(request, most, standing)
        if not standing.passed:
            seconds = _seconds(standing)
            raise Refusal(
                "RATE_LIMITED",
                f"at most {most} requests of this kind pass in any {WINDOW_SECONDS} seconds; come again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )

    def _enter(self, request: Request, caller: Caller) -> None:
        who = (caller.tenant_id, caller.role, caller.subject)
        if self.under_way[who] >= self.most_at_once:
            raise Refusal(
                "RATE_LIMITED",
                f"{self.most_at_once} requests of this caller are under way; wait for an answer before the next",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        self.under_way[who] += 1
        admission_of(request).on_leaving(lambda: self._leave(who))

    def _leave(self, who: tuple[str, str, str]) -> None:
        self.under_way[who] -= 1
        if not self.under_way[who]:
            del self.under_way[who]


def _by_role(row: Operation) -> dict[Role, int]:
    rate = row.rate or 0
    if row.rated == "service":
        return dict.fromkeys(TIMES, rate)
    return {role: rate * times for role, times in TIMES.items()}


def _seconds(standing: Standing) -> int:
    return max(1, math.ceil(standing.wait_ms / 1_000))


def _headers(request: Request, most: int, standing: Standing) -> list[tuple[bytes, bytes]]:
    reset = math.ceil((clock_of(request).now_ms() + standing.wait_ms) / 1_000)
    return [
        (b"x-ratelimit-limit", b"%d" % most),
        (b"x-ratelimit-remaining", b"%d" % standing.remaining),
        (b"x-ratelimit-reset", b"%d" % reset),
    ]
