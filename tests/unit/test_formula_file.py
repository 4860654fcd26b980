"""The file of further formulas and rollouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mastery_engine.bootstrap import load_formulas
from mastery_engine.domain.errors import ConfigurationError


def _formulas(folder: Path, text: str) -> Path:
    file = folder / "formulas.toml"
    file.write_text(text, "utf-8")
    return file


EQUAL = """
[formulas.equal]
version = 2
description = "All alike."
weights = {completion = 0.25, quiz = 0.25, quality = 0.25, consistency = 0.25}
thresholds = {expert = 0.95}
"""


def test_without_a_file_there_are_the_built_in_formulas() -> None:
    formulas, rollouts = load_formulas(None)
    assert [one.id for one in formulas.all()] == ["adr-004@1", "adr-004-observed@1"]
    assert rollouts == {}


def test_a_file_adds_formulas_and_rollouts(tmp_path: Path) -> None:
    text = EQUAL + '[rollouts."*"]\ndefault = "adr-004"\nshares = {equal = 10.0}\n'
    formulas, rollouts = load_formulas(_formulas(tmp_path, text))
    equal = formulas.get("equal")
    assert (equal.id, equal.weights.quiz, equal.thresholds.expert) == ("equal@2", 0.25, 0.95)
    assert rollouts["*"].shares == {"equal": 10.0}


def test_a_rollout_of_a_file_need_not_name_a_default(tmp_path: Path) -> None:
    _, rollouts = load_formulas(_formulas(tmp_path, EQUAL + "[rollouts.north]\nshares = {equal = 10.0}\n"))
    assert rollouts["north"].default is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[formulas.", "Invalid initial character for a key part (at end of document)"),
        ("[[formulas]]\nname = 'x'\n", "Expected `object`, got `array` - at `$.formulas`"),
        ("formulas = {x = 1}\n", "Expected `object`, got `int` - at `$.formulas[...]`"),
        ("[formula.x]\n", "Object contains unknown field `formula`"),
        ("[formulas.x]\nversion = 1\n", "formulas.x: Object missing required field `description`"),
        (EQUAL.replace("0.25}", "0.5}"), "formulas.equal: weights = [0.25, 0.25, 0.25, 0.5]: none may be"),
        (EQUAL.replace("expert", "export"), "formulas.equal: unknown names: thresholds.export"),
        (EQUAL + "only_observd = true\n", "formulas.equal: unknown names: only_observd"),
        (EQUAL.replace("equal", "adr-004").replace("= 2", "= 1"), "adr-004@1: is defined twice"),
        ("[rollouts.north]\ndefault = 'x'\n", "rollouts.north: no formula named 'x'; there are adr-004"),
        ("[rollouts.north]\nshares = {y = 5.0}\n", "rollouts.north: no formula named 'y'"),
        ("[rollouts.north]\nshares = {adr-004 = 101.0}\n", "rollouts.north: shares = "),
        ("[rollouts.north]\nsalted = 'x'\n", "rollouts.north: unknown names: salted"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = _formulas(tmp_path, text)
    with pytest.raises(ConfigurationError) as error:
        load_formulas(file)
    assert error.value.message.startswith(f"the formulas in {file} cannot be used: ")
    assert said in error.value.message


def test_the_name_of_a_formula_is_that_of_its_table(tmp_path: Path) -> None:
    formulas, _ = load_formulas(_formulas(tmp_path, EQUAL + 'name = "other"\n'))
    assert "equal@2" in [one.id for one in formulas.all()]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        load_formulas(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="can't decode byte 0xff"):
        load_formulas(tmp_path / "latin.toml")
