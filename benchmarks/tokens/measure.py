"""What each task takes on our side, and how much less that is than each baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.tokens.answers import Answers, Right, lacks
from benchmarks.tokens.baselines import Frozen, frugal, with_code, with_everything
from benchmarks.tokens.counting import ENCODINGS, Counts, count, total
from benchmarks.tokens.sides import Exchange, Refused, Side
from benchmarks.tokens.tasks import TASKS, Task

CALLS: Final = (1, 10, 100)
"""Over how many calls the definitions are spread."""
JUDGED_AT: Final = CALLS[-1]
WANTED: Final = 0.95
"""Share of the frozen baseline that must be saved on every task."""
BASELINES: Final = ("frugal", "code", "everything")
BESIDE: Final = ("formula_spread", "working_alone", "tersest")
"""What else each task is compared with, and not judged by."""
NOTHING: Final = Right(())
Figures = dict[str, Any]


@dataclass(frozen=True)
class Cost:
    """Tokens of a task, or of a call.

    Attributes:
        calls: How many calls.
        call: Written by the model.
        result: Read by the model.
        wire: All content of the results as sent.
    """

    calls: int
    call: Counts
    result: Counts
    wire: Counts


@dataclass(frozen=True)
class Measured:
    """One side.

    Attributes:
        name: Of the side.
        definitions: Read once.
        costs: By task.
        alone: A calculation with all parts given.
    """

    name: str
    definitions: Counts
    costs: dict[str, Cost]
    alone: Cost


def cost_of(exchanges: Sequence[Exchange]) -> Cost:
    """Tokens of some calls.

    Args:
        exchanges: What was written and read.
    """
    return Cost(
        len(exchanges),
        total(count(one.call) for one in exchanges),
        total(count(one.result) for one in exchanges),
        total(count(one.wire) for one in exchanges),
    )


async def measure(side: Side, answers: Answers) -> Measured:
    """Ask one side every task.

    Args:
        side: To be asked.
        answers: What its answers must tell; a task that is not there may be answered with anything.

    Raises:
        Refused: A call was refused, or an answer does not tell what it must.
    """
    costs: dict[str, Cost] = {}
    for task in TASKS:
        exchanges = await side.answer(task)
        told = "\n".join(one.result for one in exchanges)
        if missing := lacks(answers.get(task.name, NOTHING), told):
            raise Refused(f"{side.name}, {task.name}: {told} does not tell {', '.join(missing)}")
        costs[task.name] = cost_of(exchanges)
    alone = cost_of([await side.calculate()])
    return Measured(side.name, count(await side.definitions()), costs, alone)


def spread(measured: Measured, cost: Cost, encoding: str, calls: int, *, wire: bool = False) -> float:
    """Tokens of a task with its share of the definitions.

    Args:
        measured: The side.
        cost: Of the task.
        encoding: Which tokenizer.
        calls: Over how many calls the definitions are spread; a task of two calls bears two shares.
        wire: Whether all content as sent is counted, and not the text alone.
    """
    share = min(1.0, cost.calls / calls)
    read = cost.wire if wire else cost.result
    return cost.call[encoding] + read[encoding] + share * measured.definitions[encoding]


def figures(measured: Measured, frozen: Frozen) -> Figures:
    """Everything about one side, by tokenizer and task.

    Args:
        measured: The side.
        frozen: Counts of the baselines.
    """
    return {encoding: _under(encoding, measured, frozen) for encoding in ENCODINGS}


def misses(found: Figures, name: str) -> list[str]:
    """Tasks that save less than is wanted, in words.

    Args:
        found: Figures of a side.
        name: Of the side.
    """
    return [
        f"{name}, {encoding}, {task}: {one['saved']['frugal'][str(JUDGED_AT)]:.1%} is below {WANTED:.0%}"
        for encoding, told in found.items()
        for task, one in told["tasks"].items()
        if one["saved"]["frugal"][str(JUDGED_AT)] < WANTED
    ]


def _under(encoding: str, measured: Measured, frozen: Frozen) -> Figures:
    tasks = {
        task.name: _task(encoding, measured, measured.costs[task.name], _baselines(encoding, frozen, task))
        for task in TASKS
        if task.name in measured.costs
    }
    told: Figures = {
        "definitions": measured.definitions[encoding],
        "tasks": tasks,
        "mean": {
            base: {str(n): _mean([one["saved"][base][str(n)] for one in tasks.values()]) for n in CALLS}
            for base in BASELINES
        },
        "worst": {base: {str(n): _worst(tasks, base, n) for n in CALLS} for base in BASELINES},
        "beside": {name: _beside(tasks, name) for name in BESIDE},
    }
    one = measured.alone
    return told | {"calculate": {"call": one.call[encoding], "result": one.result[encoding]}}


def _baselines(encoding: str, frozen: Frozen, task: Task) -> dict[str, int]:
    return {
        "frugal": frugal(frozen, task)[encoding],
        "code": with_code(frozen, task)[encoding],
        "everything": with_everything(frozen, task)[encoding],
        "tersest": frugal(frozen, task, "events_tersest")[encoding],
        "formula": frozen["formula"][encoding],
        "working": frozen["tasks"][task.name]["working"][encoding],
    }


def _task(encoding: str, measured: Measured, cost: Cost, against: dict[str, int]) -> Figures:
    ours = {n: spread(measured, cost, encoding, n) for n in CALLS}
    judged = ours[JUDGED_AT]
    # The formula is read once too where questions follow each other: shown, and not what was frozen.
    shared = against["frugal"] - against["formula"] * (1 - 1 / JUDGED_AT)
    return {
        "calls": cost.calls,
        "call": cost.call[encoding],
        "result": cost.result[encoding],
        "wire": cost.wire[encoding],
        "ours": {str(n): round(tokens, 2) for n, tokens in ours.items()},
        "baselines": {base: against[base] for base in BASELINES},
        "saved": {
            base: {str(n): round(1 - tokens / against[base], 6) for n, tokens in ours.items()}
            for base in BASELINES
        },
        "saved_on_the_wire": round(
            1 - spread(measured, cost, encoding, JUDGED_AT, wire=True) / against["frugal"], 4
        ),
        "formula_spread": round(1 - judged / shared, 4),
        "working_alone": round(1 - judged / against["working"], 4),
        "tersest": round(1 - judged / against["tersest"], 4),
    }


def _worst(tasks: Figures, base: str, calls: int) -> Figures:
    name = min(tasks, key=lambda one: tasks[one]["saved"][base][str(calls)])
    return {"task": name, "saved": tasks[name]["saved"][base][str(calls)]}


def _beside(tasks: Figures, name: str) -> dict[str, float]:
    told = [one[name] for one in tasks.values()]
    return {"mean": _mean(told), "worst": min(told)}


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
