"""Tenants are made once and found by everybody."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.errors import Conflict, InvalidInput, NotFound
from mastery_engine.engine.tenants import TenantDirectory
from tests.faults.meddling import Failing, down
from tests.unit.engine.house import House

SCHOOL = Tenant(tenant_id="school", retention_days=30, time_zone="Europe/Berlin")


@pytest.fixture
def house() -> House:
    return House()


async def test_the_default_tenant_is_there_without_being_made(house: House) -> None:
    assert await house.tenants.get("default") == DEFAULT
    with pytest.raises(Conflict, match="exists already"):
        await house.tenants.create(DEFAULT)


async def test_a_tenant_that_was_made_is_found_by_other_processes(house: House) -> None:
    await house.tenants.create(SCHOOL)
    other = TenantDirectory(house.store, house.formulas)
    assert await other.get("school") == SCHOOL
    assert await other.find(["school", "default", "nobody"]) == {"school": SCHOOL, "default": DEFAULT}
    assert await other.list() == [DEFAULT, SCHOOL]


async def test_a_second_making_changes_nothing(house: House) -> None:
    await house.tenants.create(SCHOOL)
    with pytest.raises(Conflict, match="'school' exists already"):
        await house.tenants.create(Tenant(tenant_id="school", retention_days=60))
    assert await house.tenants.ensure(Tenant(tenant_id="school")) == SCHOOL


async def test_ensuring_makes_what_is_missing(house: House) -> None:
    assert await house.tenants.ensure(SCHOOL) == SCHOOL
    assert await house.tenants.get("school") == SCHOOL


async def test_settings_that_cannot_be_are_refused(house: House) -> None:
    with pytest.raises(InvalidInput):
        await house.tenants.create(Tenant(tenant_id="No"))
    with pytest.raises(NotFound, match="no formula named 'x'"):
        await house.tenants.create(Tenant(tenant_id="school", formula="x"))
    assert await house.tenants.list() == [DEFAULT]


async def test_an_unknown_tenant_is_told_how_to_make_it(house: House) -> None:
    with pytest.raises(NotFound, match="mastery tenant create nobody"):
        await house.tenants.get("nobody")


async def test_a_tenant_that_was_found_is_remembered(house: House) -> None:
    await house.tenants.create(SCHOOL)
    store = Failing(house.store, "get_many")
    directory = TenantDirectory(store, house.formulas)  # pyright: ignore[reportArgumentType]
    await directory.get("school")
    store.errors.append(down())
    assert await directory.get("school") == SCHOOL
