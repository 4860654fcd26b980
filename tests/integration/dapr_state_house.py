"""Sidecars and stores of a test's own, on the Redis that everybody shares."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

from mastery_engine.adapters.dapr.address import read_address
from mastery_engine.adapters.dapr.state import DaprStateStore
from mastery_engine.adapters.redis.address import read_address as read_redis_address
from mastery_engine.adapters.redis.state import open_redis_store
from mastery_engine.ports import StateStore
from tests.contract.factories import FakeClock
from tools.own_sidecar import OwnSidecar
from tools.services.dapr import Sidecar, component, state_store

SETTING = "MASTERY_STORE_URL"


class NoListing:
    """No keys are asked for."""

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        raise AssertionError(prefix)
        yield []


def sidecar_on(
    folder: Path, redis_url: str, token: str = "", components: dict[str, str] | None = None
) -> OwnSidecar:
    """One with the component `statestore` on a Redis, or with those given, by name and file; not started yet."""
    files = {"statestore": state_store(redis_url)} if components is None else components
    resources = folder / "resources"
    resources.mkdir(parents=True)
    for name, text in files.items():
        (resources / f"{name}.yaml").write_text(text)
    variables = {"DAPR_API_TOKEN": token} if token else None
    return OwnSidecar(folder / "daprd", Sidecar(f"test-{uuid4().hex}", [resources], variables=variables))


def memory_component(name: str = "statestore") -> str:
    return component(name, "state.in-memory", {})


def dapr_store(sidecar: str, name: str = "statestore", token: str = "") -> DaprStateStore:
    address = read_address(SETTING, f"dapr://{sidecar}/{name}", {})
    return DaprStateStore(address, token, lambda _: NoListing())


def redis_store(url: str) -> StateStore:
    return open_redis_store(read_redis_address(SETTING, url), FakeClock())
