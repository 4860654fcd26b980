"""Freezes the baseline: `python -m benchmarks.tokens.freeze FOLDER`, with the folder of OULAD.

It was done once, before any tool was measured. Who does it again changes what the tools are judged by, and says so.
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path

from benchmarks.tokens.baselines import FROZEN, counted
from benchmarks.tokens.student import median_student


def main() -> None:
    """Count, and write the counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokens.freeze", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the tables of OULAD")
    told = {"quicktok": version("quicktok-v1"), **counted(median_student(parser.parse_args().folder))}
    FROZEN.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
