"""The figures as tables for people, and kept with machine, versions and date."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Table

from benchmarks.__main__ import RESULTS
from benchmarks.tokens.baselines import Frozen
from benchmarks.tokens.counting import ENCODINGS
from benchmarks.tokens.measure import BASELINES, CALLS, JUDGED_AT, Figures, Measured, figures
from benchmarks.tokens.page import PAGE, filled
from benchmarks.tokens.student import Chosen

_WIDTH: Final = 100
_FIRST: Final = ENCODINGS[0]
_LAST: Final = str(JUDGED_AT)
_RECOUNTED: Final = "frozen; counted again from the data, and the same"
_NOT_RECOUNTED: Final = "frozen; not counted again, since the data is not there"


def whole(held: Frozen, sides: Sequence[Measured], chosen: Chosen | None) -> Figures:
    """All figures.

    Args:
        held: Frozen counts.
        sides: As measured.
        chosen: The median student; None without the data.
    """
    told: dict[str, Any] = {
        "says": _NOT_RECOUNTED if chosen is None else _RECOUNTED,
        "asked_about": "made-up events, as many" if chosen is None else "the median student's events",
        **{name: held[name] for name in ("students", "median_events", "formula", "events", "events_tersest")},
    }
    return {"baseline": told, "sides": {one.name: figures(one, held) for one in sides}}


def tables(about: Mapping[str, str], whole: Figures) -> Iterator[RenderableType]:
    """Everything that is printed, one after the other.

    Args:
        about: The machine and the versions.
        whole: Figures of all sides.
    """
    head = Table(box=None, show_header=False, pad_edge=False)
    for label, value in [*about.items(), ("", ""), *_baseline_rows(whole["baseline"])]:
        head.add_row(label, value)
    yield head
    for name, found in whole["sides"].items():
        yield ""
        yield _by_task(name, found[_FIRST])
        yield ""
        yield _by_tokenizer(name, found)
        yield ""
        yield _beside(name, found)


def show(about: Mapping[str, str], whole: Figures, *, as_json: bool, keep: bool) -> None:
    """Print tables, or JSON for programs.

    Args:
        about: The machine and the versions.
        whole: Figures of all sides.
        as_json: Whether to print JSON.
        keep: Whether to write the results too, and the tables of the page.
    """
    text = json.dumps({"machine": dict(about), "tokens": whole}, indent=1) + "\n"
    if as_json:
        sys.stdout.write(text)
    else:
        _print(Console(width=_WIDTH, highlight=False), about, whole)
    if keep:
        RESULTS.mkdir(exist_ok=True)
        PAGE.write_text(filled(PAGE.read_text("utf-8"), whole), "utf-8")
        (RESULTS / "tokens.json").write_text(text)
        with (RESULTS / "tokens.txt").open("w") as file:
            _print(Console(file=file, width=_WIDTH, highlight=False), about, whole)


def _print(console: Console, about: Mapping[str, str], whole: Figures) -> None:
    for one in tables(about, whole):
        console.print(one)


def _baseline_rows(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("the baseline", told["says"]),
        (
            "median student of OULAD 2014B",
            f"{told['median_events']} events, of {told['students']:,} students",
        ),
        ("  formula, events", f"{told['formula'][_FIRST]}, {told['events'][_FIRST]:,} tokens ({_FIRST})"),
        ("  events as tersely as can be", f"{told['events_tersest'][_FIRST]:,} tokens"),
        ("our answers are about", told["asked_about"]),
    ]


def _by_task(name: str, found: Figures) -> Table:
    title = f"{name} by {_FIRST}: tokens of a task; what is saved over {JUDGED_AT} calls"
    table = _table(title, "task", "frozen", *(f"ours@{n}" for n in CALLS), *_saved_titles(), "wire")
    for task, one in found["tasks"].items():
        saved = [_percent(one["saved"][base][_LAST]) for base in BASELINES]
        ours = [f"{one['ours'][str(n)]:,.0f}" for n in CALLS]
        wire = _percent(one["saved_on_the_wire"])
        table.add_row(task, f"{one['baselines']['frugal']:,}", *ours, *saved, wire)
    table.add_section()
    for word in ("mean", "worst"):
        told = [found[word][base][_LAST] for base in BASELINES]
        values = [_percent(one["saved"] if word == "worst" else one) for one in told]
        table.add_row(word, "", "", "", "", *values, "")
    return table


def _saved_titles() -> list[str]:
    return [f"-{base}" for base in BASELINES]


def _by_tokenizer(name: str, found: Figures) -> Table:
    title = f"{name}: saved of the frozen baseline, by tokenizer"
    heads = [f"{word}@{n}" for n in CALLS for word in ("mean", "worst")]
    table = _table(title, "tokenizer", "definitions", *heads, "worst task")
    for encoding, told in found.items():
        means, worst = told["mean"]["frugal"], told["worst"]["frugal"]
        values = [_percent(one) for n in map(str, CALLS) for one in (means[n], worst[n]["saved"])]
        table.add_row(encoding, str(told["definitions"]), *values, worst[_LAST]["task"])
    return table


def _beside(name: str, found: Figures) -> Table:
    told = found[_FIRST]
    table = _table(f"{name}: beside what is judged, by {_FIRST}", "against", "mean", "worst")
    words = {
        "formula_spread": "the frozen baseline, its formula spread too",
        "working_alone": "the working alone, everything else read before",
        "tersest": "events as tersely as can be",
    }
    for key, label in words.items():
        one = told["beside"][key]
        table.add_row(label, _percent(one["mean"]), _percent(one["worst"]))
    alone = told["calculate"]
    table.add_section()
    table.add_row(
        "a calculation with all parts given: call, result", str(alone["call"]), str(alone["result"])
    )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="")
    table.add_column(first)
    for one in others:
        table.add_column(one, justify="left" if one.endswith(" task") else "right")
    return table


def _percent(share: float) -> str:
    return f"{share:.1%}"
