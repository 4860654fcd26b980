"""Rewording with a server that is not ours: llama.cpp's, and a model of random weights. It speaks the protocol, and noise."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.llm.chat import ChatCompletions
from mastery_engine.contracts import keys
from mastery_engine.engine.rewording import ANSWER_TOKENS
from mastery_engine.engine.rewording_guard import reworded
from mastery_engine.engine.rewording_prompt import INSTRUCTIONS, prompt_of
from tests.api.school import School, open_school, quiz
from tests.integration.environments import ROOT, interpreter
from tools.rewording.serve_random_model import KEY

PLAIN = "No exercise has been counted yet; reaching 70 % adds 28.0 points to your score."
OTHER = "There are no exercises counted yet, and at 70 % you win 28.0 points."
SECONDS = 20.0

# The environment may have to be made.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def python() -> Path:
    """An interpreter with the server."""
    return interpreter("rewording")


@contextmanager
def serving(python: Path, folder: Path, *sentence: str) -> Generator[str]:
    """The address of a server that ends with this."""
    program = ROOT / "tools" / "rewording" / "serve_random_model.py"
    with subprocess.Popen(
        [python, "-I", program, folder, *sentence],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            yield f"{address}/v1"
        finally:
            process.stdin.close()
            process.wait(30)


@pytest.fixture(scope="module")
def noise(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A model that says anything."""
    with serving(python, tmp_path_factory.mktemp("model")) as url:
        yield url


def given(url: str, key: str = KEY) -> dict[str, Any]:
    return {
        "rewording_url": url,
        "rewording_model": "random",
        "rewording_api_key": key,
        "rewording_seconds": SECONDS,
    }


async def first(school: School) -> dict[str, Any]:
    await school.teach("amal", quiz(correct_answers=3))
    answer = await school.ask("recommendations/adaptive", {"student_id": "amal", "limit": 1})
    found: dict[str, Any] = answer.json()["data"]
    return found


async def tokens(school: School) -> int:
    [entry] = await school.engine.adapters.store.get_many([keys.rewording_tokens("default", "2026-03-02")])
    assert entry is not None
    return int(entry.value)


async def test_the_answers_of_another_makers_server_are_read_and_its_limit_holds(noise: str) -> None:
    chat = ChatCompletions(noise, "random", KEY)
    prompts = [prompt_of(PLAIN, ()), prompt_of(OTHER, ())]
    found = await chat.rewrite(prompts, 40, SECONDS)
    await chat.close()
    assert [one.trouble for one in found] == ["", ""]
    for prompt, one in zip(prompts, found, strict=True):
        assert one.text
        assert one.tokens is not None
        # Each of this model's tokens is a byte.
        asked = len("".join(prompt).encode())
        assert asked < one.tokens <= asked + 32 + 40


async def test_noise_is_refused_and_paid_for(noise: str) -> None:
    async with open_school(given=given(noise)) as school:
        with capture_logs() as logs:
            data = await first(school)
        assert [one["event"] for one in logs if one["event"] != "request"] == ["rewordings refused"]
        assert data["recommendations"][0]["reason"] == PLAIN
        assert "reworded" not in data
        used = await tokens(school)
    assert len(INSTRUCTIONS + PLAIN) < used <= len(INSTRUCTIONS + PLAIN) + 32 + ANSWER_TOKENS


async def test_other_words_are_served_where_a_grammar_makes_the_model_say_them(
    python: Path, tmp_path: Path
) -> None:
    assert reworded(PLAIN, OTHER) == (OTHER, "")
    with serving(python, tmp_path, OTHER) as url:
        async with open_school(given=given(url)) as school:
            data = await first(school)
    assert (data["reworded"], data["recommendations"][0]["reason"]) == (["completion"], OTHER)


async def test_a_key_that_it_does_not_know_costs_neither_answer_nor_tokens(noise: str) -> None:
    async with open_school(given=given(noise, "another")) as school:
        with capture_logs() as logs:
            data = await first(school)
        assert [one["reasons"] for one in logs if one["event"] != "request"] == [{"status 401": 1}]
        assert data["recommendations"][0]["reason"] == PLAIN
        assert await tokens(school) == 0
