"""When a model is asked, what it is told, what it may take, and what is served where it does not answer well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from structlog.testing import capture_logs

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.engine.advise import Advice
from mastery_engine.engine.rewording import KEPT_SENTENCES, PAUSE_SECONDS
from mastery_engine.engine.rewording_prompt import prompt_of
from mastery_engine.ports import ABSENT, Prompt, Rewording, Write
from tests.llm_endpoint import friendly
from tests.unit.engine.house import quiz
from tests.unit.engine.rewording_house import DAY, NONE, QUIZ, House, advice
from tests.unit.engine.small_school import School, caller, open_school


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


async def test_a_school_without_tokens_keeps_no_other_from_trying_again() -> None:
    house = House(most=1_000)
    spent = Write(keys.rewording_tokens("spent", DAY), b"1000", ABSENT)
    assert await house.store.write_many([spent]) == [True]
    house.model.say = lambda _: Rewording(None, 0, "status 500")
    await house.reword(QUIZ)
    house.clock.ms += round(PAUSE_SECONDS * 1_000)
    house.model.say = lambda sentence: Rewording(friendly(sentence), 50)
    assert await house.reword(QUIZ, tenant="spent") == [QUIZ]
    assert await house.reword(QUIZ) == [friendly(QUIZ)]


async def test_an_endpoint_that_keeps_the_process_busy_is_left_alone_whatever_it_answers(
    house: House,
) -> None:
    def busy(sentence: str) -> Rewording:
        house.clock.ms += 2_600
        return Rewording(friendly(sentence), 50)

    house.model.say = busy
    with capture_logs() as logs:
        assert await house.reword(QUIZ) == [friendly(QUIZ)]
    assert [(one["event"], one["reasons"]) for one in logs] == [("rewording failed", {"late": 1})]
    assert await house.reword(NONE) == [NONE]
    assert house.model.asked == [QUIZ]


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
