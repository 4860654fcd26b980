"""What the same questions take without our tools: three ways, each written down in full and counted."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from benchmarks.tokens.counting import Counts, compact, count, times, total
from benchmarks.tokens.layouts import columns, records
from benchmarks.tokens.scenes import CLASS_SIZE, write
from benchmarks.tokens.student import PRESENTATION, Chosen, Student
from benchmarks.tokens.tasks import STUDENT, TASKS, Task
from mastery_engine.contracts.event_json import encode_event

FOLDER: Final = Path(__file__).parent / "baseline"
FROZEN: Final = FOLDER / "frozen.json"
MOST_OF_FORMULA: Final = 300
"""Tokens that the formula may have, by any of the tokenizers."""
EVERYTHING: Final[Mapping[str, Any]] = {
    "name": "get_student",
    "description": "All learning events and the full profile of a student.",
    "inputSchema": {
        "type": "object",
        "properties": {"student_id": {"type": "string"}},
        "required": ["student_id"],
    },
}
"""Definition of a tool that returns all there is, and leaves the rest to the model."""
Frozen = dict[str, Any]


def formula() -> str:
    """The formula, as a model is told it."""
    return (FOLDER / "formula.md").read_text("utf-8")


def program() -> str:
    """The program that a model with a code tool writes, but for its last line."""
    return (FOLDER / "program.txt").read_text("utf-8")


def output_of(task: Task, student: Student) -> str:
    """What the program prints for a task, about one student.

    Args:
        task: The task.
        student: Whose events it reads.
    """
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as folder:
        (Path(folder) / "events.json").write_text(compact(records(student.events)))
        return subprocess.run(
            [sys.executable, "-I", "-c", program() + task.way.code],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout


def everything_of(student: Student) -> str:
    """All events and the whole profile, as the API tells them.

    Args:
        student: Whose.
    """
    events = [json.loads(encode_event(event)) for event in student.events]
    return compact({"events": events, "profile": msgspec.to_builtins(student.profile())})


def counted(chosen: Chosen) -> Frozen:
    """All counts of the baselines; the data itself is in none of them.

    Args:
        chosen: The median student.
    """
    student = chosen.student
    call = {"name": EVERYTHING["name"], "arguments": {"student_id": STUDENT}}
    return {
        "presentation": PRESENTATION,
        "students": chosen.students,
        "median_events": chosen.median_events,
        "students_with_the_median": chosen.alike,
        "class_size": CLASS_SIZE,
        "formula": count(formula()),
        "events": count(compact(records(student.events))),
        "events_tersest": count(compact(columns(student.events))),
        "program": count(program()),
        "everything": {
            "definition": count(compact(dict(EVERYTHING))),
            "call": count(compact(call)),
            "result": count(everything_of(student)),
        },
        "tasks": {
            task.name: {
                "working": count(write(task.way.scene, student).text),
                "code": count(task.way.code),
                "output": count(output_of(task, student)),
            }
            for task in TASKS
        },
    }


def frozen() -> Frozen:
    """The counts as they were frozen, before any tool was measured."""
    return json.loads(FROZEN.read_text("utf-8"))


def frugal(counts: Frozen, task: Task, events: str = "events") -> Counts:
    """Formula, events and the shortest working: the baseline that is judged.

    Args:
        counts: Of the baselines.
        task: The task.
        events: Which layout of the events.
    """
    working: Counts = counts["tasks"][task.name]["working"]
    return total([counts["formula"], times(counts[events], task.students), working])


def with_code(counts: Frozen, task: Task) -> Counts:
    """Formula, events, a program that is written, and what it prints.

    The program reads the events from a file: they are not written again.

    Args:
        counts: Of the baselines.
        task: The task.
    """
    own: dict[str, Counts] = counts["tasks"][task.name]
    read = times(counts["events"], task.students)
    printed = times(own["output"], task.students)
    return total([counts["formula"], read, counts["program"], own["code"], printed])


def with_everything(counts: Frozen, task: Task) -> Counts:
    """A call and its result for each student, and no working; its definition is not counted.

    Args:
        counts: Of the baselines.
        task: The task.
    """
    one = total([counts["everything"]["call"], counts["everything"]["result"]])
    return times(one, task.students)


def differences(held: Frozen, again: Frozen, where: str = "") -> list[str]:
    """Where counts are not those that were frozen.

    Args:
        held: As frozen.
        again: Counted again.
        where: What the two are of.
    """
    found: list[str] = []
    for name, value in held.items():
        other: Any = again.get(name)
        place = f"{where}{name}"
        if isinstance(value, dict):
            found += differences(cast("Frozen", value), cast("Frozen", other or {}), f"{place}, ")
        elif value != other and name != "quicktok":
            found.append(f"{place}: frozen {value}, counted {other}")
    return found
