"""What would happen if, by the skill's script: on a real service, and on servers that answer something else."""

from __future__ import annotations

import asyncio
import json
import os
import random
from typing import Any

import pytest

from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.session import operator
from mastery_engine.config import load_settings
from mastery_engine.domain.interventions import Intervention
from tests.client.test_sockets import SECRET, scripted
from tests.skills.script import run
from tests.skills.test_with_a_server import data, school

__all__ = ["school"]
TOKEN = {"MASTERY_TOKEN": SECRET}
ASK = ("what-if", "--student", "ada-01", "quiz=8/10", "study_days=3")
NOW = {"score": 0.5, "level": "developing"}
ROUNDING = 2e-6
"""Evidence of an earlier day weighs a little less with each second between two questions."""


def some_plan(chance: random.Random) -> tuple[str, Intervention]:
    """One of any acts, as the script takes it and as the engine does."""
    questions = chance.randint(1, 1_000)
    correct = chance.randint(0, questions)
    quality, days = chance.choice([0.0, 1.0, 0.7, round(chance.random(), 3)]), chance.randint(1, 30)
    acts: dict[str, tuple[str, Any]] = {
        "quiz": (f"{correct}/{questions}", (correct, questions)),
        "quality": (str(quality), quality),
        "study_days": (str(days), days),
    }
    chosen = chance.sample(sorted(acts), chance.randint(1, len(acts)))
    return "+".join(f"{name}={acts[name][0]}" for name in chosen), Intervention(
        **{n: acts[n][1] for n in chosen}
    )


def by_the_engine(student: str, plans: list[Intervention]) -> tuple[float, list[tuple[float, str]]]:
    async def ask() -> tuple[float, list[tuple[float, str]]]:
        async with open_engine(load_settings()) as engine:
            told = await engine.what_if.compare(operator("default"), student, plans)
        return told.current.score, [(one.result.score, one.result.level) for one in told.interventions]

    return asyncio.run(ask())


def test_plans_of_a_student_are_told_as_the_engine_compares_them(server: str) -> None:
    environment = {"MASTERY_TOKEN": os.environ["MASTERY_TOKEN"], "MASTERY_SERVER": server}
    chance = random.Random(7)
    for _ in range(6):
        pairs = [some_plan(chance) for _ in range(chance.randint(1, 5))]
        words = ("what-if", "--student", "ada-01", *(text for text, _ in pairs))
        told, many = run(*words, environment=environment), run(*words, "--json", environment=environment)
        assert (told.code, told.err, many.code) == (0, "", 0)
        changes = [one["change"] for one in json.loads(many.out)["interventions"]]
        now, expected = by_the_engine("ada-01", [plan for _, plan in pairs])
        first, *after = told.out.splitlines()
        assert first.startswith(f"{now:g} ")
        for place, (line, (score, level), by) in enumerate(zip(after, expected, changes, strict=True), 1):
            number, told_score, told_level, told_change = line.split()
            assert (number, told_level) == (f"{place}:", level)
            assert float(told_score) == pytest.approx(score, abs=ROUNDING)
            assert float(told_change) == pytest.approx(by, abs=ROUNDING)
        assert json.loads(many.out)["student_id"] == "ada-01"


def test_what_the_service_refuses_is_told_with_code_and_what_to_do(server: str) -> None:
    environment = {"MASTERY_TOKEN": os.environ["MASTERY_TOKEN"], "MASTERY_SERVER": f"{server}/api/v1/"}
    assert run("what-if", "--student", "ada-01", "quiz=1/2", environment=environment).code == 0
    cases = (
        (("what-if", "--student", "nobody", "quiz=1/2"), "NOT_FOUND: no such student"),
        (("what-if", "--student", "ada-01", "--course", "none", "quiz=1/2"), "NOT_FOUND: "),
        (("what-if", "--student", "a b", "quiz=1/2"), "VALIDATION_ERROR: student_id = a b: must be"),
        (("what-if", "--student", "ada-01", "exercises=2"), "VALIDATION_ERROR: "),
    )
    for words, told in cases:
        ran = run(*words, environment=environment)
        assert (ran.code, ran.out) == (1, ""), words
        assert ran.err.startswith(f"error: {told}"), ran.err
        assert ran.err.count("\n") == 1
    ran = run(*ASK, environment={**environment, **TOKEN})
    assert (ran.code, ran.err[:18]) == (1, "error: AUTH_ERROR:")


def interventions(*changes: float) -> bytes:
    found = [{"change": change, "result": NOW} for change in changes]
    return data(current=NOW, interventions=found)


def test_a_change_for_the_worse_has_its_sign() -> None:
    with scripted(interventions(-0.02, 0.0)) as server:
        ran = run(*ASK, "--date", "2026-03-02", "--server", server.url, environment=TOKEN)
    lines = ["0.5 developing", "1: 0.5 developing -0.02", "2: 0.5 developing +0"]
    assert ran == (0, "\n".join([*lines, ""]), "")
    assert json.loads(server.bodies[0]) == {
        "student_id": "ada-01",
        "date": "2026-03-02",
        "interventions": [{"quiz": [8, 10]}, {"study_days": 3}],
    }


@pytest.mark.parametrize("told", [interventions(0.1), interventions(0.1, 0.1, 0.1), data(current=NOW)])
def test_a_server_that_compares_something_else_is_told_in_one_line(told: bytes) -> None:
    with scripted(told) as server:
        ran = run(*ASK, "--server", server.url, environment=TOKEN)
    assert ran == (1, "", "error: the server's answer is not that of this API\n")
