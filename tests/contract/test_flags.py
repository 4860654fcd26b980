"""What every flags port keeps to; the adapter is OpenFeature with its in-memory provider."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
from openfeature import api

from mastery_engine.adapters.flags.openfeature import OpenFeatureFlags
from mastery_engine.domain.formulas import Rollout

Make = Callable[[Mapping[str, Rollout]], OpenFeatureFlags]
HALF = Rollout(default="adr-004", shares={"adr-004-observed": 50.0}, salt="spring")


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:

        def flags(rollouts: Mapping[str, Rollout]) -> OpenFeatureFlags:
            made = OpenFeatureFlags(rollouts)
            stack.push_async_callback(made.close)
            return made

        yield flags


async def test_without_a_flag_a_tenant_has_its_own_formula(make: Make) -> None:
    assert await make({}).formula_rollout("t1", "adr-004-observed") == Rollout(default="adr-004-observed")
    assert await make({"t2": HALF}).formula_rollout("t1", "adr-004") == Rollout(default="adr-004")


async def test_a_tenants_rollout_comes_before_its_own_formula(make: Make) -> None:
    assert await make({"t1": HALF}).formula_rollout("t1", "other") == HALF


async def test_a_rollout_for_everybody_gives_way_to_a_tenants_own(make: Make) -> None:
    everybody = Rollout(default="adr-004-observed")
    flags = make({"*": everybody, "t1": HALF})
    assert await flags.formula_rollout("t1", "other") == HALF
    assert await flags.formula_rollout("t2", "other") == everybody


async def test_flags_do_not_know_each_other_and_leave_the_default_provider_alone(make: Make) -> None:
    before = api.get_provider_metadata().name
    one, two = make({"t1": HALF}), make({})
    assert await one.formula_rollout("t1", "own") == HALF
    assert await two.formula_rollout("t1", "own") == Rollout(default="own")
    assert api.get_provider_metadata().name == before


async def test_closed_flags_leave_every_tenant_its_own_formula(make: Make) -> None:
    flags = make({"*": HALF})
    await flags.close()
    await flags.close()
    assert await flags.formula_rollout("t1", "own") == Rollout(default="own")
