"""A small school behind the real application, in this loop and without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import httpx2
from fastapi import FastAPI
from pydantic import SecretStr

from mastery_engine.adapters.auth import TokenRole, make_token
from mastery_engine.api.app import create_app
from mastery_engine.api.asgi import App, Receive, Send
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.watching import Trouble
from mastery_engine.config import Settings, load_settings
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.cohort import Cohort, Membership

SECRET = "words of the tests' own, more than 32 bytes"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1_000)
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


class StillClock:
    """A clock on which only sleeping takes time."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.ms = now_ms
        self.slept = 0.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


@dataclass(frozen=True)
class School:
    """The application, the engine behind it, and tokens for everybody."""

    engine: Engine
    http: httpx2.AsyncClient
    settings: Settings
    app: App

    def token(
        self,
        subject: str,
        role: TokenRole,
        tenant_id: str = "default",
        secret: str = SECRET,
        token_id: str | None = None,
    ) -> str:
        return make_token(
            secret.encode(),
            subject=subject,
            role=role,
            tenant_id=tenant_id,
            issuer=self.settings.jwt_issuer,
            audience=self.settings.jwt_audience,
            issued_at=self.engine.adapters.clock.now_ms() // 1_000,
            lifetime_seconds=600,
            token_id=token_id,
        )

    def bearer(self, subject: str, role: TokenRole, tenant_id: str = "default") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(subject, role, tenant_id)}"}

    async def post(
        self, route: str, body: object, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        return await self.http.post(f"/api/v1/mastery/{route}", json=body, headers=dict(headers or {}))

    async def ask(
        self,
        path: str,
        body: object,
        subject: str = "head",
        role: TokenRole = "admin",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Post to a route of the API."""
        who = self.bearer(subject, role)
        return await self.http.post(f"/api/v1/{path}", json=body, headers={**who, **(headers or {})})

    async def get(
        self,
        path: str,
        subject: str = "head",
        role: TokenRole = "admin",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Get a route of the API."""
        who = self.bearer(subject, role)
        return await self.http.get(f"/api/v1/{path}", headers={**who, **(headers or {})})

    async def query(self, body: object, subject: str = "head", role: TokenRole = "admin") -> httpx2.Response:
        return await self.post("query", body, self.bearer(subject, role))

    async def fold(self) -> None:
        async with self.engine.folding() as worker:
            await worker.drain()

    async def teach(self, student_id: str, *events: dict[str, object]) -> None:
        """Let a student have events, folded."""
        sent = [event | {"student_id": student_id} for event in events or (quiz(),)]
        headers = self.bearer("tutor", "service") | {"X-Request-ID": "taught"}
        answer = await self.post("ingest", sent, headers)
        assert answer.status_code == 202, answer.text
        assert answer.json()["data"]["refused"] == 0, answer.text
        await self.fold()

    async def teach_for_days(self, student_id: str, days: int = 4) -> None:
        """Let a student have an event on each of the last days, today included: enough for a forecast."""
        await self.teach(
            student_id, *(quiz(timestamp=NOW_MS - MINUTE_MS - day * DAY_MS) for day in range(days))
        )

    async def audit(self, tenant_id: str = "default") -> list[Any]:
        return [record.entry for record in await self.engine.adapters.audit.read(tenant_id)]

    def request_hash(self, request_id: str, tenant_id: str = "default") -> str:
        """As what a request's id that a caller chose stands in the trail."""
        return self.engine.pseudonyms.of_request(tenant_id, request_id)

    def hash(self, student_id: str, tenant_id: str = "default") -> str:
        return self.engine.pseudonyms.of(tenant_id, student_id)


_COUNT = iter(range(1, 1 << 30))


def quiz(**fields: object) -> dict[str, object]:
    return {
        "event_id": f"00000000-0000-4000-8000-{next(_COUNT):012x}",
        "event_type": "quiz.performance.submitted",
        "timestamp": NOW_MS - MINUTE_MS,
        "student_id": "amal",
        "source": "quiz-agent",
        "quiz_id": "loops",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 300,
    } | fields


def trial_settings(**given: object) -> Settings:
    return load_settings(
        **{
            "home": "no-such-home",
            "store_url": "memory://",
            "jwt_secret": SecretStr(SECRET),
            "pseudonym_key": SecretStr("the pseudonym key of the tests"),
            "log_level": "error",
            "most_late_seconds": 0,
        }
        | given
    )


@asynccontextmanager
async def open_school(
    trouble: Trouble | None = None,
    *,
    serves: bool = False,
    given: Mapping[str, object] | None = None,
    **adapters: object,
) -> AsyncGenerator[School]:
    """Open a school.

    Args:
        trouble: Of a worker.
        serves: Whether learners are kept in memory.
        given: Settings in place of those of a trial.
        adapters: Adapters in place of those in memory.
    """
    settings = trial_settings(**(given or {}))
    async with open_engine(settings, StillClock(), serves=serves) as opened:
        await opened.adapters.rosters.put("default", [ROSTER])
        await opened.tenants.create(Tenant(tenant_id="north"))
        changed = replace(opened, adapters=replace(opened.adapters, **cast("dict[str, Any]", adapters)))
        app = create_app(settings, changed, trouble)
        async with served(app) as asgi, client_of(asgi) as http:
            yield School(changed, http, settings, asgi)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncGenerator[App]:
    """The application within its lifespan, whose state a server hands to each request."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(cast("dict[str, Any]", state))}, receive, send)

        yield with_state


def client_of(app: App) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://school")


ROSTER = Cohort(
    cohort_id="7a",
    teachers=(Membership(person_id="ms-yun"),),
    students=(Membership(person_id="amal"), Membership(person_id="bo")),
)
