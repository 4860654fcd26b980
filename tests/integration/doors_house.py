"""The engine beside a sidecar of its own, and other apps' sidecars, on one machine: real ones, on real Kafka."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from mastery_engine.adapters.auth import TokenRole, make_token
from tests.integration.kafka_house import until
from tests.integration.telling import Telling
from tools.installation import Installation
from tools.own_sidecar import OwnSidecar, own_sidecar
from tools.services.dapr import APP_ID, PUB_SUB, Sidecar, component, names_in
from tools.services.processes import free_ports

SECRET = "words of the tests' own, more than 32 bytes"
APP_TOKEN = "the token of the sidecar, of more than 32 bytes"


class DoorsHouse:
    """What the sidecars share: a broker, and a file by which they find each other."""

    def __init__(self, installation: Installation, folder: Path, bus: str | None = None) -> None:
        """Give the installation its secrets.

        Args:
            installation: Of the engine.
            folder: Of the sidecars.
            bus: The broker of the pub/sub; by default that of the engine's log.
        """
        self.installation = installation
        installation.variables |= {
            "MASTERY_JWT_SECRET": SECRET,
            "MASTERY_DAPR_APP_TOKEN": APP_TOKEN,
            "MASTERY_TENANT": "default",
        }
        (self.port,) = free_ports(1, [])
        self.topic = installation.names.cloud_events
        self._folder = folder
        self._resources = folder / "resources"
        self._resources.mkdir(parents=True)
        self._names = folder / "names.yaml"
        self._names.write_text(names_in(folder / "names.db"))
        metadata = {
            "brokers": bus or installation.servers,
            "authType": "none",
            "consumerGroup": f"{installation.names.prefix}sidecar",
            "initialOffset": "oldest",
            "version": "2.8.0",
            "consumeRetryInterval": "200ms",
        }
        (self._resources / "pubsub.yaml").write_text(component(PUB_SUB, "pubsub.kafka", metadata))

    @property
    def url(self) -> str:
        """Of the engine."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def engine(self) -> AsyncGenerator[Telling]:
        """API and worker in one process, which answers when this is entered."""
        async with Telling(self.installation, "serve", "--port", str(self.port)) as process:
            await process.says("serving")
            yield process

    @asynccontextmanager
    async def sidecar(
        self, app_id: str = APP_ID, app_token: str | None = APP_TOKEN
    ) -> AsyncGenerator[OwnSidecar]:
        """A sidecar that runs; the engine's sends it the token, and others have no app."""
        is_engines = app_id == APP_ID
        how = Sidecar(
            app_id,
            [self._resources],
            [self._names],
            app_port=self.port if is_engines else 0,
            variables={"APP_API_TOKEN": app_token} if is_engines and app_token else {},
        )
        async with own_sidecar(self._folder / app_id, how) as made:
            if not is_engines:
                await made.reach_app()
            yield made

    def token(self, subject: str, role: TokenRole) -> str:
        settings = self.installation.settings
        return make_token(
            SECRET.encode(),
            subject=subject,
            role=role,
            tenant_id="default",
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            issued_at=int(time.time()),
            lifetime_seconds=600,
        )

    async def publish(self, sidecar: OwnSidecar, event: object, **headers: str) -> None:
        """Let an app publish through its sidecar."""
        path = f"/v1.0/publish/{PUB_SUB}/{self.topic}"
        async with client(sidecar) as http:
            answer = await http.post(path, json=event, headers=headers)
        assert answer.status_code == 204, answer.text

    async def invoke(
        self, sidecar: OwnSidecar, body: object, method: str = "process", **headers: str
    ) -> httpx2.Response:
        """Let an app invoke the engine through both sidecars."""
        async with client(sidecar) as http:
            return await http.post(f"/v1.0/invoke/{APP_ID}/method/{method}", json=body, headers=headers)

    async def events_of(self, student: str) -> int:
        """How many events have counted for a student."""
        headers = {"Authorization": f"Bearer {self.token('head', 'admin')}"}
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as http:
            body = {"student_id": student}
            answer = await http.post("/api/v1/mastery/query", json=body, headers=headers)
        told: dict[str, Any] = answer.json()
        return told["data"]["events"] if answer.status_code == 200 else 0

    async def counts(self, student: str, events: int) -> None:
        """Return once so many events of a student have counted."""

        async def counted() -> bool:
            return await self.events_of(student) >= events

        await until(counted)
        assert await self.events_of(student) == events


def client(sidecar: OwnSidecar) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=sidecar.http, trust_env=False, timeout=30)
