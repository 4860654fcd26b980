"""`python -m tools.chaos [--events N] [--workers N] [--seed S]`: 0 if everything counted exactly once under faults, else 1."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from tools.chaos.fleet import EndedByItself
from tools.chaos.run import Order, Stalled, conclusion, rows, run
from tools.chaos.state import KINDS
from tools.services.failures import ServiceError
from tools.services.running import addresses

DEPENDENCY_DOWN = 75
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Do one run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--students", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=2_500.0, help="events a second")
    parser.add_argument("--workers", type=int, default=2, help="at the start; they come and go")
    parser.add_argument("--calm", type=float, default=1.0, help="mean seconds between two faults")
    parser.add_argument("--poison", type=float, default=0.01, help="share of records that cannot count")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--protocol", choices=("consumer", "classic"), default="consumer")
    parser.add_argument("--state", choices=KINDS, default="redis", help="where it is kept, a victim too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    counted, positive = min(asked.events, asked.students, asked.workers), min(asked.calm, asked.rate)
    if counted < 1 or positive <= 0.0 or not 0.0 <= asked.poison < 1.0:
        parser.error(
            "events, students and workers count from 1; calm and rate are above 0, poison is in [0, 1)"
        )
    order = Order(
        asked.events,
        asked.students,
        asked.rate,
        asked.workers,
        asked.calm,
        asked.poison,
        asked.seed,
        asked.protocol,
        asked.state,
    )
    try:
        return _do(order, as_json=asked.json)
    except ServiceError as error:
        print(f"chaos: {error}", file=sys.stderr)
        return DEPENDENCY_DOWN
    except (EndedByItself, Stalled) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("chaos: interrupted; its processes, topics and files are gone", file=sys.stderr)
        return INTERRUPTED


def _do(order: Order, *, as_json: bool) -> int:
    found = addresses([name for name in ("kafka", "registry") if _own(name) is None], print_to_stderr)
    servers, registry = _own("kafka") or found["kafka"], _own("registry") or found["registry"]
    columns = (TextColumn("folded"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def tell(faults: str, folded: int, total: int) -> None:
            progress.update(task, description=faults, completed=folded, total=total)

        told = asyncio.run(run(order, servers, registry, tell))
    words, code = conclusion(told)
    if as_json:
        print(
            json.dumps({**told._asdict(), "verdict": {**told.verdict._asdict(), "holds": told.verdict.holds}})
        )
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in rows(told):
            table.add_row(name, value)
        Console(highlight=False, soft_wrap=True).print(table)
        print(words)
    return code


def _own(name: str) -> str | None:
    """A server of the caller's own, as for the tests."""
    return os.environ.get(f"MASTERY_TEST_{name.upper()}")


def print_to_stderr(line: str) -> None:
    """Say what the servers do."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
