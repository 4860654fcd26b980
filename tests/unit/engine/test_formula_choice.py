"""Which formula a student gets."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.errors import NotFound
from mastery_engine.domain.formulas import Rollout
from tests.unit.engine.house import House, quiz

SCHOOL = Tenant(tenant_id="school", formula="adr-004-observed")


async def test_a_tenants_own_formula_holds_where_no_flag_says_otherwise() -> None:
    choice = House().choice()
    assert (await choice.now(SCHOOL, "ann")).id == "adr-004-observed@1"
    assert (await choice.now(DEFAULT, "ann")).id == "adr-004@1"


async def test_a_rollout_gives_its_share_of_the_students_the_other_formula() -> None:
    house = House()
    house.flags.rollouts["default"] = Rollout(shares={"adr-004-observed": 50.0})
    choice = house.choice()
    await choice.refresh(DEFAULT)
    students = [f"s{number}" for number in range(1_000)]
    got = [choice.of(DEFAULT, one).id for one in students]
    assert 430 < got.count("adr-004-observed@1") < 570
    assert got == [choice.of(DEFAULT, one).id for one in students]
    assert choice.of(DEFAULT, "s1") == choice.get(
        Rollout(shares={"adr-004-observed": 50.0}).formula_for("default", "s1")
    )


async def test_who_is_in_no_share_of_a_rollout_keeps_the_schools_own_formula() -> None:
    house = House()
    house.flags.rollouts["school"] = Rollout(shares={"adr-004": 0.0})
    assert (await house.choice().now(SCHOOL, "ann")).id == "adr-004-observed@1"
    house.flags.rollouts["school"] = Rollout()
    assert (await house.choice().now(SCHOOL, "ann")).id == "adr-004-observed@1"
    house.flags.rollouts["school"] = Rollout(default="adr-004")
    assert (await house.choice().now(SCHOOL, "ann")).id == "adr-004@1"


async def test_flags_are_asked_once_a_batch() -> None:
    house = House()
    await house.send(*[quiz(number, student=f"s{number}") for number in range(50)])
    await house.work()
    # Once for the documents that might still owe something, once for the batch.
    assert house.flags.asked == ["default", "default"]


async def test_an_outcome_keeps_its_formula_when_the_rollout_changes() -> None:
    house = House()
    await house.send(quiz(1))
    await house.work()
    house.flags.rollouts["default"] = Rollout(default="adr-004-observed")
    await house.send(quiz(2))
    await house.work()
    assert [one["formula"] for one in house.outputs()] == ["adr-004@1", "adr-004-observed@1"]


async def test_a_flag_that_names_no_formula_is_an_error_that_says_so() -> None:
    house = House()
    house.flags.rollouts["default"] = Rollout(default="gone")
    with pytest.raises(NotFound, match="no formula named 'gone'"):
        await house.choice().now(DEFAULT, "ann")
