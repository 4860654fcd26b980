"""`make bench-tokens`: what a model reads and writes for a tutor's questions, with our tools and without."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.__main__ import machine
from benchmarks.keeping import say
from benchmarks.tokens.baselines import counted, differences, frozen
from benchmarks.tokens.measure import misses
from benchmarks.tokens.ours import our_server
from benchmarks.tokens.report import show, whole
from benchmarks.tokens.running import measured
from benchmarks.tokens.sides import Refused
from benchmarks.tokens.stand_in import events as made_up
from benchmarks.tokens.student import median_student
from benchmarks.tokens.tasks import COURSE
from mastery_engine.domain.events import LearningEvent

SKILL: Final = Path(__file__).parents[2] / "skills" / "mastery"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and with `--keep` write the results; 1 if a task saves less than is wanted.

    Args:
        arguments: Of the command line; None takes those of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokens", description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="folder of OULAD (else $MASTERY_TEST_DATA/oulad)")
    parser.add_argument("--skill", type=Path, default=SKILL, help="folder of the skill")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/tokens.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    root = os.environ.get("MASTERY_TEST_DATA")
    data: Path | None = asked.data or (Path(root) / "oulad" if root else None)
    if data is not None and not data.is_dir():
        parser.error(f"{data} is no folder")
    held, chosen = frozen(), None
    events: Sequence[LearningEvent] = made_up(COURSE)
    if data is None:
        say("the baseline is as it was frozen: MASTERY_TEST_DATA is not set (a folder that holds oulad/)")
    else:
        chosen = median_student(data)
        events = chosen.student.events
        if changed := differences(held, counted(chosen)):
            say("the baseline is no longer the one that was frozen:\n" + "\n".join(changed))
            return 1
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as home:
        try:
            sides = asyncio.run(measured(Path(home), events, asked.skill, our_server, say))
        except Refused as error:
            say(str(error))
            return 1
    found = whole(held, sides, chosen)
    about = machine() | {name: version(name) for name in ("mcp", "quicktok-v1")}
    show(about, found, as_json=asked.json, keep=asked.keep)
    missed = [line for name, told in found["sides"].items() for line in misses(told, name)]
    for line in missed:
        say(line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
