"""The programs of docs/examples, in an environment without the engine: all that they know is Kafka and the registry."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mastery_engine.ports import NewRecord
from tests.integration.environments import ROOT, interpreter
from tests.integration.telling import Telling
from tools.installation import Installation, document

PROGRAMS = ["send_with_fastavro.py", "send_with_quixstreams.py"]
NO_PORT = "127.0.0.1:9"
LONGEST_SECONDS = 90

# The environment may have to be made.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def python() -> Path:
    """An interpreter with other makers' libraries, and without the engine."""
    return interpreter("peers")


async def run(
    python: Path, program: str, variables: dict[str, str], *more: str
) -> tuple[int | None, str, str]:
    """Exit code, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        str(python),
        "-I",
        str(ROOT / "docs" / "examples" / program),
        "--student",
        "zoe",
        *more,
        env={"PYTHONUTF8": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, words = await asyncio.wait_for(process.communicate(), LONGEST_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, out.decode(), words.decode()


async def registered(installation: Installation) -> dict[str, Any]:
    """Versions by subject of the installation's topics."""
    url, prefix = installation.variables["MASTERY_REGISTRY_URL"], installation.names.prefix
    async with httpx2.AsyncClient(base_url=url) as client:
        subjects = [one for one in json.loads((await client.get("/subjects")).text) if one.startswith(prefix)]
        return {one: json.loads((await client.get(f"/subjects/{one}/versions")).text) for one in subjects}


def test_the_environment_of_the_programs_has_no_engine(python: Path) -> None:
    found = subprocess.run([python, "-I", "-c", "import mastery_engine"], capture_output=True, check=False)
    assert b"No module named 'mastery_engine'" in found.stderr


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_program_of_another_maker_sends_an_event_and_reads_its_result(
    program: str, installation: Installation, python: Path
) -> None:
    before = await registered(installation)
    async with Telling(installation, "worker"):
        code, out, words = await run(python, program, installation.variables)
        assert (code, out) == (0, "zoe: score 0.34, beginner\n"), words
    assert await registered(installation) == before
    async with installation.engine() as engine:
        courses = (await document(engine, "zoe")).state.courses
        assert sum(course.now.events for course in courses.values()) == 1
        log = engine.adapters.log
        ends = await log.ends()
        # The engine's own producer takes the partition that the program took.
        (mine,) = await log.append([NewRecord(b"student:zoe", b"{}")])
        assert {number: end for number, end in ends.items() if end} == {mine.partition: 1}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_it_says_what_is_missing_and_what_to_do(
    program: str, installation: Installation, python: Path
) -> None:
    there = installation.variables
    elsewhere = Installation(installation.servers, there["MASTERY_REGISTRY_URL"], Path())
    told = await asyncio.gather(
        run(python, program, there, "--wait", "2"),
        run(python, program, elsewhere.variables),
        run(python, program, there, "--registry", f"http://{NO_PORT}"),
        run(python, program, there, "--servers", NO_PORT),
        run(python, program, {}),
    )
    expected = [
        "does a `mastery worker` run?",
        "was `mastery schemas register` run",
        f"http://{NO_PORT}",
        f"{NO_PORT}: no broker answers",
        "say --servers and --registry",
    ]
    for (code, out, words), saying in zip(told, expected, strict=True):
        assert code, words
        assert not out
        assert saying in words
        assert "Traceback" not in words
