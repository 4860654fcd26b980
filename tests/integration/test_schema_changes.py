"""A real registry and the check without one judge changes of a schema alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from mastery_engine.adapters.registry.registry import SchemaRegistry
from tests.unit.contracts.schema_changes import BAD, GOOD, BadChange, Change


@pytest.fixture
async def registry(registry_url: str) -> AsyncIterator[SchemaRegistry]:
    made = SchemaRegistry(registry_url, registry_url)
    yield made
    await made.close()


@pytest.mark.parametrize("change", GOOD.values(), ids=list(GOOD))
async def test_a_registry_takes_what_the_check_lets_pass(registry: SchemaRegistry, change: Change) -> None:
    subject = f"test-{uuid4().hex}"
    await registry.register(subject, change.old)
    assert await registry.is_compatible(subject, change.now)


@pytest.mark.parametrize("change", BAD.values(), ids=list(BAD))
async def test_a_registry_refuses_what_the_check_refuses_but_units(
    registry: SchemaRegistry, change: BadChange
) -> None:
    subject = f"test-{uuid4().hex}"
    await registry.register(subject, change.old)
    assert await registry.is_compatible(subject, change.now) is change.stricter
