"""The tables of the page that explains the benchmark, written between its marks by `--keep`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.tokens.counting import ENCODINGS
from benchmarks.tokens.measure import CALLS, JUDGED_AT, WANTED, Figures
from benchmarks.tokens.tasks import TASKS

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "tokens.md"
_FIRST: Final = ENCODINGS[0]
_LAST: Final = str(JUDGED_AT)


def filled(page: str, whole: Figures) -> str:
    """The page with its tables.

    Args:
        page: Text of the page.
        whole: Figures of all sides.
    """
    tables = {"means": _means(whole), "tasks": _tasks(whole)}
    for name, lines in tables.items():
        begins, ends = f"<!-- {name} begins -->\n", f"<!-- {name} ends -->"
        before, _, rest = page.partition(begins)
        _, mark, after = rest.partition(ends)
        assert mark, f"the page has no marks of {name}"
        page = before + begins + "\n".join(lines) + "\n" + ends + after
    return page


def _means(whole: Figures) -> Iterator[str]:
    heads = " | ".join(f"{n} calls" if n > 1 else "1 call" for n in CALLS)
    yield f"| | tokenizer | definitions | {heads} | worst task at {_LAST} | tasks below 95 % |"
    yield "|---|---|" + "--:|" * (len(CALLS) + 1) + "---|--:|"
    for side, found in whole["sides"].items():
        for encoding, told in found.items():
            means = " | ".join(_percent(told["mean"]["frugal"][str(n)]) for n in CALLS)
            worst = told["worst"]["frugal"][_LAST]
            below = sum(one["saved"]["frugal"][_LAST] < WANTED for one in told["tasks"].values())
            name = f"{worst['task']}, {_percent(worst['saved'])}"
            yield f"| {side} | {encoding} | {told['definitions']} | {means} | {name} | {below} of {len(told['tasks'])} |"


def _tasks(whole: Figures) -> Iterator[str]:
    sides = {name: found[_FIRST]["tasks"] for name, found in whole["sides"].items()}
    heads = " | ".join(f"{name} | saved" for name in sides)
    yield f"| task | question | the baseline writes | frozen | {heads} |"
    yield "|---|---|---|--:|" + "--:|--:|" * len(sides)
    for task in TASKS:
        cells = " | ".join(_cells(tasks[task.name]) for tasks in sides.values())
        frozen = next(iter(sides.values()))[task.name]["baselines"]["frugal"]
        yield f"| {task.name} | {task.question} | {task.way.writes} | {frozen:,} | {cells} |"


def _cells(one: Figures) -> str:
    return f"{one['ours'][_LAST]:,.0f} | {_percent(one['saved']['frugal'][_LAST])}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
