"""How long a call of a tool takes: a real `mastery mcp`, asked by the official SDK's client over standard input and output.

python -m benchmarks.mcp [--keep] [--json] [--calls N]; each tool N times, one after the other, about a student with 60 events.
Beside it the list of prompts, which is the protocol and the two processes alone: what a tool costs is the difference.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from benchmarks.__main__ import machine
from benchmarks.keeping import say, show
from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.events import QuizPerformanceSubmitted

STUDENTS: Final = [f"student-{number:02}" for number in range(25)]
EVENTS: Final = 60
COHORT: Final = "7a"
CALLS: Final[dict[str, dict[str, Any]]] = {
    "calculate": {"completion": 0.8, "quiz": 0.7, "quality": 0.9, "consistency": 0.6},
    "get_mastery": {"student_id": STUDENTS[0]},
    "forecast": {"student_id": STUDENTS[0]},
    "recommend": {"student_id": STUDENTS[0]},
    "compare_interventions": {
        "student_id": STUDENTS[0],
        "interventions": [{"quiz": [8, 10]}, {"quality": 0.9}, {"study_days": 3}],
    },
    "class_overview": {"cohort_id": COHORT},
}
Figures = dict[str, dict[str, float]]


async def school(home: Path) -> None:
    """A class of 25 with 60 quizzes each, over 60 days."""
    async with open_engine(load_settings(home=home)) as engine:
        people = tuple(Membership(person_id=one) for one in STUDENTS)
        await engine.adapters.rosters.put("default", [Cohort(cohort_id=COHORT, students=people)])
        now_ms = engine.adapters.clock.now_ms()
        for place, student in enumerate(STUDENTS):
            events = [
                quiz(place * EVENTS + number, student, now_ms - number * DAY_MS) for number in range(EVENTS)
            ]
            await engine.ingest.take_events(events)
        async with engine.folding() as worker:
            await worker.drain()


def quiz(number: int, student: str, at_ms: int) -> QuizPerformanceSubmitted:
    """One quiz."""
    return QuizPerformanceSubmitted(
        event_id=f"00000000-0000-4000-8000-{number:012x}",
        timestamp=at_ms,
        student_id=student,
        source="benchmark",
        course_id="python-1",
        quiz_id="loops",
        total_questions=10,
        correct_answers=number % 11,
        time_spent=300.0,
    )


async def measure(home: Path, calls: int) -> Figures:
    """Milliseconds of each tool, and of what asks no engine."""
    program = str(Path(sys.executable).with_name("mastery"))
    told = {"MASTERY_HOME": str(home), "PATH": os.environ["PATH"]}
    server = StdioServerParameters(command=program, args=["mcp"], env=told)
    async with Client(stdio_client(server), mode="legacy") as client:
        found = {"list of prompts": await timed(client.list_prompts, calls)}
        for tool, arguments in CALLS.items():
            say(f"{tool}: {calls} calls")

            async def call(tool: str = tool, arguments: dict[str, Any] = arguments) -> None:
                answer = await client.call_tool(tool, arguments)
                if answer.is_error:
                    raise RuntimeError(f"{tool}: {answer.content}")

            found[tool] = await timed(call, calls)
    return found


async def timed(ask: Callable[[], Awaitable[object]], calls: int) -> dict[str, float]:
    """Percentiles in milliseconds, after some calls that are not counted."""
    taken: list[float] = []
    for number in range(calls + calls // 10):
        began = time.perf_counter()
        await ask()
        if number >= calls // 10:
            taken.append((time.perf_counter() - began) * 1_000)
    cuts = quantiles(taken, n=100, method="inclusive")
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "p99": round(cuts[98], 3)}


def main() -> int:
    """Measure, print, and with `--keep` write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mcp", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/mcp.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--calls", type=int, default=1_000, help="of each tool; default: %(default)s")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="mastery-bench-mcp-") as folder:
        asyncio.run(school(Path(folder) / "home"))
        figures = asyncio.run(measure(Path(folder) / "home", given.calls))
    rows = [
        (name, "  ".join(f"{cut} {value:7.2f} ms" for cut, value in one.items()))
        for name, one in figures.items()
    ]
    about = machine() | {"mcp": version("mcp")}
    show("mcp", about, figures, rows, as_json=given.json, keep=given.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
