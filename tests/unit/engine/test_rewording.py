"""When a model is asked, what it is told, what it may take, and what is served where it does not answer well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import DependencyDown, InvalidInput
from mastery_engine.domain.recommend import Recommendation
from mastery_engine.engine.advise import Advice
from mastery_engine.engine.rewording import ANSWER_TOKENS, KEPT_SENTENCES, PAUSE_SECONDS, ReasonRewording
from mastery_engine.engine.rewording_budget import TokenBudget
from mastery_engine.engine.rewording_prompt import INSTRUCTIONS, prompt_of
from mastery_engine.ports import Prompt, Rewording, Write
from tests.llm_endpoint import friendly
from tests.unit.engine.house import StandingClock, quiz
from tests.unit.engine.small_school import School, caller, open_school

DAY = "2024-03-10"
QUIZ = "Your quiz average is 40 %, below 70 %; reaching it adds 9.0 points to your score."
NONE = "No exercise has been counted yet; reaching 70 % adds 28.0 points to your score."


class Model:
    """A model as a test wants it; tells what it was asked."""

    def __init__(self, say: Callable[[str], Rewording] | None = None) -> None:
        self.model = "m"
        self.asked: list[str] = []
        self.say: Callable[[str], Rewording] = say or (lambda sentence: Rewording(friendly(sentence), 50))

    async def rewrite(self, prompts: Sequence[Prompt], most_tokens: int, seconds: float) -> list[Rewording]:
        assert (most_tokens, 0 <= seconds <= 2.0) == (ANSWER_TOKENS, True)
        assert {one.instructions for one in prompts} == {INSTRUCTIONS}
        self.asked += [one.sentence for one in prompts]
        return [self.say(one.sentence) for one in prompts]

    async def close(self) -> None:
        pass


class House:
    """Rewording with a model, a store and a clock."""

    def __init__(self, most: int = 100_000) -> None:
        self.clock = StandingClock()
        self.store: Any = MemoryStateStore(self.clock)
        self.model = Model()
        self.rewording = self.replica(most)

    def replica(self, most: int = 100_000) -> ReasonRewording:
        """One more process on the same store."""
        return ReasonRewording(self.model, TokenBudget(self.store, self.clock, most), self.clock, 2.0)

    async def reword(
        self, *sentences: str, tenant: str = "default", ids: Sequence[str] = ("ann",)
    ) -> list[str]:
        given = [advice(one) for one in sentences]
        found = await self.rewording.reword(tenant, given, ids)
        assert [with_reason(one, "") for one in found.recommendations] == [
            with_reason(one, "") for one in given
        ]
        return [one.reason for one in found.recommendations]

    async def tokens(self, tenant: str = "default", day: str = DAY) -> int | None:
        entry = (await self.store.get_many([keys.rewording_tokens(tenant, day)]))[0]
        return None if entry is None else int(entry.value)


def advice(reason: str) -> Recommendation:
    area = "quiz" if "quiz" in reason else "completion"
    return Recommendation(area, "review", "medium", 0.09, 45, reason)


def with_reason(one: Recommendation, reason: str) -> tuple[Any, ...]:
    return one.area, one.action, one.priority, one.gain, one.estimated_time, reason


@pytest.fixture
def house() -> House:
    return House()


async def test_only_the_sentence_changes_and_the_areas_are_told(house: House) -> None:
    assert await house.reword(NONE, QUIZ) == [friendly(NONE), friendly(QUIZ)]
    found = await house.rewording.reword("default", [advice(QUIZ)], ())
    assert found.reworded == ("quiz",)


async def test_what_the_guard_refuses_is_plain_beside_what_it_lets_pass(house: House) -> None:
    lies = {QUIZ: QUIZ.replace("9.0", "19.0")}
    house.model.say = lambda sentence: Rewording(lies.get(sentence, friendly(sentence)), 50)
    with capture_logs() as logs:
        assert await house.reword(QUIZ, NONE) == [QUIZ, friendly(NONE)]
    assert [(one["event"], one["rules"]) for one in logs] == [("rewordings refused", {"numbers": 1})]
    # Nor is it asked for once more: it would only cost.
    assert await house.reword(QUIZ) == [QUIZ]
    assert house.model.asked == [QUIZ, NONE]


async def test_a_sentence_is_asked_for_once_whoever_it_is_about(house: House) -> None:
    await house.reword(QUIZ, QUIZ, ids=("ann",))
    assert await house.reword(QUIZ, ids=("ben",), tenant="north") == [friendly(QUIZ)]
    assert house.model.asked == [QUIZ]
    assert await house.tokens("north") is None


async def test_another_model_is_asked_anew(house: House) -> None:
    await house.reword(QUIZ)
    house.model.model = "n"
    await house.reword(QUIZ)
    assert house.model.asked == [QUIZ, QUIZ]


async def test_what_is_remembered_is_bounded_and_the_longest_unused_goes_first() -> None:
    house = House(most=10**9)
    many = [
        f"Your quiz average is {n % 100} %, below {n // 100} %; win 9 points." for n in range(KEPT_SENTENCES)
    ]
    for start in range(0, len(many), 1_024):
        await house.reword(*many[start : start + 1_024])
    await house.reword(many[0])
    await house.reword(QUIZ)
    house.model.asked.clear()
    await house.reword(many[0])
    await house.reword(many[1])
    assert house.model.asked == [many[1]]


@pytest.mark.parametrize("name", ["quiz", "QUIZ", "40", "your", "score", "learner", "average is", "one", "a"])
async def test_a_sentence_in_which_an_id_stands_never_leaves(house: House, name: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"^an id stands in what would be sent to a language model; nothing was sent$"
    ):
        prompt_of(QUIZ, [None, "", "ann", name])
    assert await house.reword(QUIZ, ids=("ann", name)) == [QUIZ]
    assert (house.model.asked, await house.tokens()) == ([], None)


@pytest.mark.parametrize("name", ["ann", "4", "ver", "quizzes", "os:root", ""])
def test_an_id_that_stands_nowhere_or_within_a_word_keeps_nothing_back(name: str) -> None:
    assert prompt_of(QUIZ, [name]) == Prompt(INSTRUCTIONS, QUIZ)


@pytest.mark.parametrize("name", ["ann", "a1", "x-9", "çelik", "ann smith"])
def test_an_id_that_has_come_into_a_sentence_is_found_between_whatever_signs(name: str) -> None:
    for around in ("{}", "'{}'", "_{}_", "({}).", "id={}"):
        with pytest.raises(InvalidInput):
            prompt_of(f"Your average, {around.format(name.upper())} %.", [name])


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


async def test_many_at_once_never_take_more_than_there_are() -> None:
    house = House()
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


async def test_after_nothing_came_the_model_is_left_alone_and_then_tried_by_one(house: House) -> None:
    house.model.say = lambda _: Rewording(None, 0, "status 500")
    with capture_logs() as logs:
        assert await house.reword(QUIZ, NONE) == [QUIZ, NONE]
        assert await house.reword(QUIZ) == [QUIZ]
    assert logs == [
        {
            "event": "rewording failed",
            "log_level": "warning",
            "reasons": {"status 500": 2},
            "pause_seconds": PAUSE_SECONDS,
        }
    ]
    assert len(house.model.asked) == 2
    house.clock.ms += round(PAUSE_SECONDS * 1_000)
    house.model.say = lambda sentence: Rewording(friendly(sentence), 50)
    meanwhile: list[list[str]] = []
    rewrite = house.model.rewrite

    async def while_others_come(
        prompts: Sequence[Prompt], most_tokens: int, seconds: float
    ) -> list[Rewording]:
        meanwhile.append(await house.reword(NONE))
        return await rewrite(prompts, most_tokens, seconds)

    house.model.rewrite = while_others_come
    assert await house.reword(QUIZ) == [friendly(QUIZ)]
    assert meanwhile == [[NONE]]
    house.model.rewrite = rewrite
    assert await house.reword(NONE) == [friendly(NONE)]


async def test_one_sentence_that_does_not_come_pauses_nothing(house: House) -> None:
    house.model.say = lambda one: (
        Rewording(None, None, "timeout") if one == QUIZ else Rewording(friendly(one), 50)
    )
    assert await house.reword(QUIZ, NONE) == [QUIZ, friendly(NONE)]
    house.model.say = lambda one: Rewording(friendly(one), 50)
    assert await house.reword(QUIZ) == [friendly(QUIZ)]


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        await opened.learn(quiz(1, 8))
        yield opened


async def test_only_who_asks_for_it_is_answered_in_other_words_and_nothing_of_it_is_stored(
    school: School,
) -> None:
    house = House()
    advice_of = Advice(school.engine.reader, house.rewording)
    plain = await advice_of.recommendations(caller(), "ann")
    assert (plain.reworded, house.model.asked) == ((), [])
    said = await advice_of.recommendations(caller(), "ann", reword=True)
    assert said.reworded == tuple(one.area for one in plain.recommendations)
    assert [one.reason for one in said.recommendations] == [
        friendly(one.reason) for one in plain.recommendations
    ]
    assert house.model.asked == [one.reason for one in plain.recommendations]
    assert await advice_of.recommendations(caller(), "ann") == plain
    store = school.engine.adapters.store
    names = [name async for some in store.scan("") for name in some]
    values = [one.value for one in await store.get_many(names) if one is not None]
    assert values
    assert not [one for one in values if b"Here is a thought" in one]


async def test_without_a_model_nothing_is_reworded_by_default(school: School) -> None:
    assert school.engine.rewording is None
    assert (await school.engine.advice.recommendations(caller(), "ann", reword=True)).reworded == ()


async def test_a_student_whose_id_is_a_word_of_the_sentence_is_served_plainly(school: School) -> None:
    house = House()
    await school.learn(quiz(2, 8, student="exercise"))
    found = await Advice(school.engine.reader, house.rewording).recommendations(
        caller(), "exercise", reword=True
    )
    assert all("exercise" not in one.lower() for one in house.model.asked)
    assert found.reworded == ("quality",)
