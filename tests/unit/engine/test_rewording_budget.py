"""Tokens that rewording may take: counted before they are used, by school and day, for all replicas together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.rewording import ANSWER_TOKENS
from mastery_engine.engine.rewording_budget import TokenBudget
from mastery_engine.engine.rewording_prompt import INSTRUCTIONS
from mastery_engine.ports import Entry, Prompt, Rewording, Write
from tests.llm_endpoint import friendly
from tests.unit.engine.rewording_house import DAY, NONE, QUIZ, House, advice


@pytest.fixture
def house() -> House:
    return House()


async def test_tokens_are_counted_as_told_by_school_and_day(house: House) -> None:
    await house.reword(QUIZ, NONE)
    assert await house.tokens() == 100
    await house.reword(QUIZ.replace("40", "41"), tenant="north")
    assert (await house.tokens(), await house.tokens("north")) == (100, 50)
    house.clock.ms += 86_400_000
    await house.reword(QUIZ.replace("40", "42"))
    assert (await house.tokens(), await house.tokens(day="2024-03-11")) == (100, 50)


async def test_tokens_are_taken_before_they_are_used(house: House) -> None:
    within: list[int | None] = []

    async def rewrite(prompts: Sequence[Prompt], most_tokens: int, seconds: float) -> list[Rewording]:
        del most_tokens, seconds
        within.append(await house.tokens())
        return [Rewording(friendly(one.sentence), 50) for one in prompts]

    house.model.rewrite = rewrite
    await house.reword(QUIZ)
    [taken] = within
    assert taken is not None
    assert taken > len(INSTRUCTIONS + QUIZ) + ANSWER_TOKENS
    assert await house.tokens() == 50


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (Rewording(friendly(QUIZ), None), True),
        (Rewording(friendly(QUIZ), 0), True),
        (Rewording(None, None, "timeout"), True),
        (Rewording(None, 0, "ConnectError"), False),
    ],
)
async def test_what_nobody_knows_stays_taken_and_what_was_not_used_is_given_back(
    house: House,
    answer: Rewording,
    counted: bool,  # noqa: FBT001 - a case of a table
) -> None:
    house.model.say = lambda _: answer
    await house.reword(QUIZ)
    assert ((await house.tokens() or 0) > 0) is counted


async def test_whatever_an_endpoint_tells_the_count_can_be_read_again(house: House) -> None:
    house.model.say = lambda sentence: Rewording(friendly(sentence), 10**30)
    await house.reword(QUIZ)
    assert await house.tokens() == 1_000_000
    assert await house.reword(NONE) == [NONE]


async def test_with_its_tokens_gone_a_school_is_served_plainly_on_every_replica_until_tomorrow() -> None:
    house = House(most=1_000)
    house.model.say = lambda sentence: Rewording(friendly(sentence), 600)
    other = house.replica(1_000)
    assert await house.reword(QUIZ) == [friendly(QUIZ)]
    found = await other.reword("default", [advice(NONE)], ())
    assert (found.recommendations[0].reason, found.reworded) == (NONE, ())
    assert await house.reword(NONE) == [NONE]
    assert await house.reword(NONE, tenant="north") == [friendly(NONE)]
    house.clock.ms += 86_400_000
    found = await other.reword("default", [advice(NONE)], ())
    assert found.reworded == ("completion",)


class FarStore(MemoryStateStore):
    """One to which others come between a read and a write."""

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        found = await super().get_many(keys)
        await asyncio.sleep(0)
        return found


async def test_many_at_once_never_take_more_than_there_are() -> None:
    house = House()
    house.store = FarStore(house.clock)
    each = 100
    budgets = [TokenBudget(house.store, house.clock, 5 * each) for _ in range(8)]
    got = await asyncio.gather(*(one.take("default", each) for one in budgets for _ in range(3)))
    assert 0 < sum(one is not None for one in got) <= 5
    assert await house.tokens() == each * sum(one is not None for one in got)


async def test_a_count_that_cannot_be_read_leaves_no_tokens(house: House) -> None:
    await house.store.write_many([Write(keys.rewording_tokens("default", DAY), b"\xc1")])
    assert await house.reword(QUIZ) == [QUIZ]
    assert house.model.asked == []


async def test_no_tokens_at_all_means_that_nothing_is_asked() -> None:
    house = House(most=0)
    assert await house.reword(QUIZ) == [QUIZ]
    assert house.model.asked == []


class SilentStore:
    async def get_many(self, names: Sequence[str]) -> list[Any]:
        del names
        raise DependencyDown("the store does not answer")


async def test_without_the_store_nobody_counts_so_nobody_asks(house: House) -> None:
    house.store = SilentStore()
    house.rewording = house.replica()
    with capture_logs() as logs:
        assert await house.reword(QUIZ) == [QUIZ]
    assert (house.model.asked, [one["reason"] for one in logs]) == ([], ["DependencyDown"])
