"""All figures in one run, kept with machine, versions and date: `python -m benchmarks [--keep]`, or `make bench`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks import fold, pipeline

RESULTS: Final = Path(__file__).parent / "results"
LIBRARIES: Final = ("mastery-engine", "msgspec", "pyarrow")


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": model,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in LIBRARIES},
    }


def main() -> int:
    """Measure, print, and with `--keep` write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/embedded.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    about, folded = machine(), fold.run()
    figures: dict[str, dict[str, str] | dict[str, float]] = {"machine": about, "fold": folded}
    lines = [*(f"{name:<15} {value}" for name, value in about.items()), "", *fold.report(folded)]
    try:
        measured = pipeline.measure()
    except pipeline.DataMissing as missing:
        print(f"the pipeline was not measured: {missing}", file=sys.stderr)
    else:
        figures["pipeline"] = measured
        lines += pipeline.report(measured)
    print(json.dumps(figures, indent=2) if arguments.json else "\n".join(lines))
    if arguments.keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "embedded.json").write_text(json.dumps(figures, indent=2) + "\n")
        (RESULTS / "embedded.txt").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
