"""The agents of examples/agents, each a process on a road of its own, about one student: one state."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from mastery_engine.engine.differences import differences
from tests.integration.doors_house import DoorsHouse
from tests.unit.engine.house import House
from tools.installation import Installation, document
from tools.own_sidecar import OwnSidecar

AGENTS = Path(__file__).parents[2] / "examples" / "agents"
STUDENT = "zoe"
LONGEST_SECONDS = 90
OF_THE_ENGINE = {"mastery_engine.client", "mastery_engine.domain.errors"}
"""What the agent over HTTP sends with."""
NO_PORT = "127.0.0.1:9"
# Not one moment for all: a day has several, and days have gaps.
TIMES = [(datetime.now(UTC) - timedelta(days=n)).strftime("%Y-%m-%dT%H:%M:00+00:00") for n in (9, 8, 3, 1)]

pytestmark = pytest.mark.timeout(240)


class Ended(NamedTuple):
    """Exit code, and what it printed."""

    code: int | None
    out: str
    words: str


@pytest.fixture
def house(installation: Installation, tmp_path: Path, daprd: Path) -> DoorsHouse:
    del daprd
    return DoorsHouse(installation, tmp_path / "dapr")


async def run(agent: str, *arguments: object, **variables: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(AGENTS / f"{agent}_agent.py"),
        *map(str, ("--student", STUDENT, *arguments)),
        env={"PYTHONUTF8": "1", "PATH": os.environ["PATH"], **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, words = await asyncio.wait_for(process.communicate(), LONGEST_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode, out.decode(), words.decode())


async def all_roads(house: DoorsHouse, sidecar: OwnSidecar) -> list[Ended]:
    """Every agent tells of four moments, all at once."""
    told = house.installation.variables
    road = ("--sidecar", sidecar.http, "--topic", house.topic)
    service = house.token("exercise-agent", "service")
    runs = [
        one
        for number, at in enumerate(TIMES, 1)
        for one in (
            run(
                "exercise",
                *("--url", house.url, "--completed", 4 * number, "--total", 20, "--at", at),
                MASTERY_TOKEN=service,
            ),
            run(
                "review",
                *("--quality", 0.2 * number, "--efficiency", 0.7, "--at", at),
                **{name: one for name, one in told.items() if "SECRET" not in name},
            ),
            run(
                "concepts", *road, "--questions", 10, "--correct", 2 * number, "--confidence", 0.5, "--at", at
            ),
        )
    ]
    return await asyncio.gather(*runs)


async def embedded(events: Sequence[str]) -> House:
    """The same events where there is nothing but this process."""
    house = House()
    house.clock.ms = int(datetime.now(UTC).timestamp() * 1_000)
    await house.send(*(event.encode() for event in events))
    await house.work()
    return house


async def test_all_roads_at_once_lead_to_one_state_and_twice_counts_once(house: DoorsHouse) -> None:
    async with house.engine(), house.sidecar() as own, house.sidecar("concepts-agent") as agents:
        await own.reach_app()
        first, second = await all_roads(house, agents), await all_roads(house, agents)
        assert [one.words for one in first + second if one.code] == []
        assert [one.out for one in first] == [one.out for one in second]
        await house.counts(STUDENT, len(first))
        asked = await run(
            "tutor",
            *("--sidecar", agents.http, "--limit", 2),
            MASTERY_TOKEN=house.token(STUDENT, "student"),
        )
        other = await run("tutor", "--sidecar", agents.http, MASTERY_TOKEN=house.token("bo", "student"))
    events = [one.out for one in first]
    assert {json.loads(event)["source"] for event in events} == {
        "exercise-agent",
        "review-agent",
        "concepts-agent",
    }
    alone = await embedded(events)
    async with house.installation.engine() as engine:
        live = await document(engine, STUDENT)
    mine = await alone.document(STUDENT)
    assert list(differences(live.state, mine.state)) == []
    lines = asked.out.splitlines()
    assert (asked.code, len(lines)) == (0, 3), asked.words
    assert lines[0].startswith(f"{STUDENT} in python-1: 0.")
    assert lines[1].startswith("1. ")
    assert (other.code, other.out) == (1, "")
    assert "NOT_FOUND" in other.words


async def test_an_agent_that_is_refused_or_finds_nobody_says_so_and_ends(house: DoorsHouse) -> None:
    told = {"MASTERY_TOKEN": house.token("exercise-agent", "service")}
    done = ("--completed", 4, "--total", 20, "--patience", 1)
    nobody = ("--sidecar", f"http://{NO_PORT}", "--patience", 1)
    async with house.engine():
        url = ("--url", house.url)
        ended = await asyncio.gather(
            run("exercise", *url, *done, "--completed", 21, **told),
            run("exercise", *url, *done, MASTERY_TOKEN=house.token(STUDENT, "student")),
            run("exercise", "--url", f"http://{NO_PORT}", *done, **told),
            run("exercise", *url, *done),
            run("review", "--servers", NO_PORT, "--registry", f"http://{NO_PORT}", "--quality", 1),
            run("review", "--quality", 1),
            run("concepts", *nobody, "--questions", 10, "--correct", 2),
            run("tutor", *nobody, **told),
            run("tutor", *nobody),
        )
    expected = [
        "must not be more than total_exercises = 20",
        "FORBIDDEN",
        "does not answer: ConnectError",
        "set MASTERY_TOKEN to a token of role service",
        "no registry answers",
        "say --servers and --registry",
        "given up after 1 s: no answer",
        "given up after 1 s: no answer",
        "set MASTERY_TOKEN to the student's token",
    ]
    for one, saying in zip(ended, expected, strict=True):
        assert one.code, one
        assert not one.out
        assert saying in one.words
        assert "Traceback" not in one.words


@pytest.mark.parametrize("agent", ["exercise", "review", "concepts", "tutor"])
async def test_an_agent_says_what_it_does_and_knows_of_the_engine_its_client_alone(agent: str) -> None:
    told = await run(agent, "--help")
    assert told.code == 0
    assert "--patience" in told.out
    known = {"sending", "httpx", "fastavro", "confluent_kafka", *sys.stdlib_module_names}
    for file in (f"{agent}_agent.py", "sending.py"):
        tree = ast.parse((AGENTS / file).read_text("utf-8"))
        named = [one.names for one in ast.walk(tree) if isinstance(one, ast.Import)]
        found = {alias.name.partition(".")[0] for names in named for alias in names}
        origins = {one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
        ours = {one for one in origins if one.partition(".")[0] == "mastery_engine"}
        assert ours == (OF_THE_ENGINE if file == "exercise_agent.py" else set())
        assert found | {one.partition(".")[0] for one in origins - ours} <= known
