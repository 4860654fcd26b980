"""A whole OULAD presentation through the full embedded pipeline, with the settings that users get.

    python -m benchmarks.pipeline [--module M]

Needs the data: MASTERY_TEST_DATA names a folder that holds `oulad/` (README tells where to get it). The clock runs over the
whole `mastery import oulad`: start of Python, reading the tables, laying out the events, the log, all eight steps with archive,
derived keys and outputs, `synchronous=FULL`. Then the size of the learners' documents, a replay of the whole archive, and how
long a person waits for `mastery --help` and `mastery show`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.processes import median_wall, run
from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys

PRESENTATION: Final = "2014B"
TENANT: Final = "oulad"
STARTS: Final = 7


class DataMissing(Exception):
    """The data that this measures with is not there."""


def measure(module: str | None = None) -> dict[str, float]:
    """Import, measure documents, replay, start.

    Args:
        module: One module only, to try it out; the figure that counts is that of all.

    Raises:
        DataMissing: MASTERY_TEST_DATA does not name a folder that holds `oulad`.
    """
    root = os.environ.get("MASTERY_TEST_DATA")
    if not root or not (Path(root) / "oulad").is_dir():
        raise DataMissing(
            "MASTERY_TEST_DATA does not name a folder that holds oulad/; README tells where to get it"
        )
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as folder:
        home = Path(folder)
        only = ["--module", module] if module else []
        source = str(Path(root) / "oulad")
        imported = run(["import", "oulad", source, "--presentation", PRESENTATION, *only, "--json"], home)
        sizes, events, student = asyncio.run(_documents(home))
        disk = sum(file.stat().st_size for file in home.iterdir()) / 1e6
        replayed = run(["replay", "--all", "--dry-run", "--tenant", TENANT, "--json"], home)
        show = median_wall(["show", student, "--tenant", TENANT, "--as-of", "2014-06-30"], home, STARTS)
        start = median_wall(["--help"], home, STARTS)
    return {
        "events": events,
        "import_events_per_second": events / imported.wall,
        "import_events_per_cpu_second": events / imported.cpu,
        "import_peak_mb": imported.peak_mb,
        "import_together_mb": imported.together_mb,
        "home_mb": disk,
        "students": len(sizes),
        "document_bytes_median": statistics.median(sizes),
        "document_bytes_95": sizes[int(len(sizes) * 0.95)],
        "document_bytes_largest": sizes[-1],
        "replay_events_per_second": events / replayed.wall,
        "replay_peak_mb": replayed.peak_mb,
        "show_seconds_median": show,
        "help_seconds_median": start,
    }


async def _documents(home: Path) -> tuple[list[int], int, str]:
    """Sizes of the learners' documents in bytes, rising; the number of archived events; and some student."""
    async with open_engine(load_settings(home=home)) as engine:
        prefix = keys.learner(TENANT, "")
        sizes: list[int] = []
        student = ""
        async for batch in engine.adapters.store.scan(prefix):
            documents = [key for key in batch if keys.student_of_document(key, prefix)]
            entries = await engine.adapters.store.get_many(documents)
            sizes.extend(len(entry.value) for entry in entries if entry)
            if documents:
                student = keys.student_of_document(documents[-1], prefix) or ""
        events = 0
        async for archived in engine.adapters.archive.by_student(TENANT):
            events += len(archived)
        return sorted(sizes), events, student


def report(figures: dict[str, float]) -> list[str]:
    """The figures as lines for people."""
    return [
        f"events, students          {figures['events']:>10,.0f}, {figures['students']:,.0f}",
        f"import of {PRESENTATION}           {figures['import_events_per_second']:>10,.0f} events/s",
        f"  per processor second    {figures['import_events_per_cpu_second']:>10,.0f} events",
        f"  largest process         {figures['import_peak_mb']:>10,.0f} MB",
        f"  all processes at once   {figures['import_together_mb']:>10,.0f} MB",
        f"  files of the home       {figures['home_mb']:>10,.0f} MB",
        f"document, median          {figures['document_bytes_median']:>10,.0f} bytes",
        f"document, 95 %            {figures['document_bytes_95']:>10,.0f} bytes",
        f"document, largest         {figures['document_bytes_largest']:>10,.0f} bytes",
        f"replay of the archive     {figures['replay_events_per_second']:>10,.0f} events/s",
        f"  peak resident memory    {figures['replay_peak_mb']:>10,.0f} MB",
        f"mastery show, median      {figures['show_seconds_median']:>10.2f} s",
        f"mastery --help, median    {figures['help_seconds_median']:>10.2f} s",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="the embedded pipeline on OULAD")
    parser.add_argument("--module", help="one module only")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.module)
    print(json.dumps(figures) if arguments.json else "\n".join(report(figures)))


if __name__ == "__main__":
    main()
