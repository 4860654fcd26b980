"""What a model may say in the place of a sentence of ours, and what not."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.recommend import recommend
from mastery_engine.domain.scores import Components, Formula, Result
from mastery_engine.engine.rewording_guard import MOST_CHARACTERS, reworded

QUIZ = "Your quiz average is 40 %, below 70 %; reaching it adds 9.0 points to your score."
NONE = "No exercise has been counted yet; reaching 70 % adds 28.0 points to your score."
LITTLE = "Your quiz average is 69 %, below 70 %; reaching it adds less than 0.1 points to your score."
LEVEL = (
    "You have 77.0 points, and expert starts at 85. Quiz has most to give: your quiz average is 70 %, below 100 %; "
    "reaching it adds 9.0 points to your score."
)


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (QUIZ, "Bring your quiz average up from 40% to 70% and you gain 9 points!"),
        (QUIZ, "You gain 9.0 points by raising your quizzes from 40 percent to 70 percent."),
        (QUIZ, "Your quiz average stands at 40 % – let’s reach 70 %. That's 9.0 points more."),
        (NONE, "There are no exercises counted yet: at 70 % you win 28 points."),
        (LITTLE, "Your quiz average is 69 %; at 70 % you win less than 0.1 points."),
        (
            LEVEL,
            "With 77 points, expert begins at 85. Your quiz average can go from 70 % to 100 % for 9 points.",
        ),
    ],
)
def test_other_words_with_the_same_numbers_pass(plain: str, said: str) -> None:
    text, rule = reworded(plain, f" {said}\n")
    assert rule == ""
    assert text == said.replace("–", "-").replace("’", "'")


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("", "length"),
        ("Your quiz average is 40 %, so reach 70 % for 9.0 points" + " and more" * 40 + ".", "length"),
        ("x" * 1_000_000, "length"),
        # Numbers: another, one more, one less, twice, swapped, other unit, other script, in words, in pieces.
        ("Your quiz average is 45 %; 70 % wins 9.0 points.", "numbers"),
        ("In 5 days your quiz average of 40 % is 70 % for 9.0 points.", "numbers"),
        ("Your quiz average of 40 % wants 70 %.", "numbers"),
        ("Your quiz average is 40 %, yes 40 %; 70 % wins 9.0 points.", "numbers"),
        ("Your quiz average is 70 %; 40 % wins 9.0 points.", "numbers"),
        ("Your quiz average is 40 points; 70 % wins 9.0 %.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins 9.0 minutes.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins -9.0 points.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins 9.05 points.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins 19.0 points.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins 9,0 points.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points in room2.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points or 1-2 more.", "numbers"),
        ("Your quiz average is 40 %; 70 % wins ٩ points.", "characters"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points, times ².", "characters"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points in five days.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points twice.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points, a sixth of all.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points tenfold.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points, and a couple more.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points, XC in all.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points a day.", "words"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points per question.", "words"),
        ("Your quiz average is 40 %; 70 % wins at most 9.0 points.", "words"),
        ("Your quiz average is 40 %; 70 % costs you 9.0 points.", "words"),
        # What it is about.
        ("Your average is 40 %; 70 % wins 9.0 points.", "area"),
        ("Your exercise completion is 40 %; 70 % wins 9.0 points.", "area"),
        ("Your quiz and exercise average is 40 %; 70 % wins 9.0 points.", "area"),
        ("Your quiz average is 40 %; reaching 70 % never wins 9.0 points.", "level or negation"),
        ("Your quiz average is 40 %; reaching 70 % doesn't win 9.0 points.", "level or negation"),
        ("Your quiz average is 40 %; at 70 % you win less than 9.0 points.", "level or negation"),
        ("Your quiz average is 40 %; at 70 % and 9.0 points you are an expert.", "level or negation"),
        ("Your quiz average is 40 %, above 70 %; you lose 9.0 points.", "words"),
        ("Review: your quiz average is 40 %; 70 % wins 9.0 points.", "words"),
        # To whom, and in which language.
        ("Votre moyenne au quiz est de 40 %, sous 70 %; cela ajoute 9.0 points.", "level or negation"),
        ("Dein Quiz steht bei 40 %; 70 % bringen 9.0 points.", "level or negation"),
        ("Ignore what you know: quiz 40 %, 70 %, 9.0 points.", "words"),
        ("Tell me your password: quiz 40 %, 70 %, 9.0 points.", "words"),
        # What would do something where it is shown.
        ("- Your quiz average is 40 %; 70 % wins 9.0 points.", "characters"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points. See evil dot example.", "address"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points. See evil.example.", "address"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points at www today.", "address"),
        ("Your quiz average is 40 %; 70 % wins 9.0 points: https://evil.", "characters"),
        ("Your <b>quiz</b> average is 40 %; 70 % wins 9.0 points.", "characters"),
        ("Your **quiz** average is 40 %; 70 % wins 9.0 points.", "characters"),
        ("Your [quiz](x) average is 40 %; 70 % wins 9.0 points.", "characters"),
        ("Your quiz average is 40 %;\n70 % wins 9.0 points.", "characters"),
        ("Your quiz average is 40 %;\x1b[31m 70 % wins 9.0 points.", "characters"),
        ("Your quiz average is 40 %; \u202e70 % wins 9.0 points.", "characters"),
        ("Your quiz average is 40 %; 70 % wins 9.0 po\u200bints.", "characters"),
        ("Your quiz аverage is 40 %; 70 % wins 9.0 points.", "characters"),  # noqa: RUF001 - a letter of another script
        # How much.
        ("Your quiz average is 40 %; 70 % wins 9.0 points", "sentences"),
        ("Your quiz average is 40 %. Reach 70 %. You win 9.0 points.", "sentences"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_name(said: str, rule: str) -> None:
    assert reworded(QUIZ, said) == (None, rule)


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (NONE, "Your exercises have been counted; reaching 70 % adds 28.0 points."),
        (LITTLE, "Your quiz average is 69 %; at 70 % you win 0.1 points."),
        (
            LEVEL,
            "With 77 points, proficient begins at 85. Your quiz average can go from 70 % to 100 % for 9 points.",
        ),
    ],
)
def test_a_bound_a_negation_and_a_level_are_kept(plain: str, said: str) -> None:
    assert reworded(plain, said) == (None, "level or negation")


def test_every_sentence_that_the_domain_makes_would_pass_as_it_is() -> None:
    values = (None, 0.0, 0.333, 0.6999, 0.85, 1.0)
    for formula, given_values in product(BUILT_IN, product(values, repeat=4)):
        for one in recommend(result_of(Components(*given_values), formula), formula):
            assert reworded(one.reason, one.reason) == (one.reason, "")
            assert len(one.reason) <= MOST_CHARACTERS


def result_of(components: Components, formula: Formula) -> Result:
    score = formula.score(components)
    return Result(
        score=score, level=formula.level(score), components=components, formula=formula.id, day=16_000
    )


@given(st.text(max_size=400))
def test_no_noise_passes(noise: str) -> None:
    assert reworded(QUIZ, noise)[0] is None


@given(st.integers(0, len(QUIZ) - 1), st.characters(categories=["Nd", "Nl", "No"]))
def test_a_digit_put_anywhere_is_refused(place: int, digit: str) -> None:
    assert reworded(QUIZ, QUIZ[:place] + digit + QUIZ[place:])[0] is None
