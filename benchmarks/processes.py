"""Runs of the command line as whole processes: wall seconds, processor seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

MASTERY = (sys.executable, "-m", "mastery_engine.cli.main")


class Run(NamedTuple):
    """One finished run.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, all threads.
        peak_mb: Peak resident memory in MB (10^6 bytes).
        output: What it printed.
    """

    wall: float
    cpu: float
    peak_mb: float
    output: str


def run(arguments: list[str], home: Path) -> Run:
    """Run `mastery` with a home of its own; a failing run ends the benchmark.

    Args:
        arguments: After `mastery`.
        home: Folder of its data.

    Raises:
        RuntimeError: It failed; the message holds its errors.
    """
    environment = {**os.environ, "MASTERY_HOME": str(home)}
    start = time.perf_counter()
    with subprocess.Popen(
        [*MASTERY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        output, errors = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode != 0:
        raise RuntimeError(f"mastery {' '.join(arguments)} failed: {errors.decode()[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output.decode())


def median_wall(arguments: list[str], home: Path, times: int) -> float:
    """Median wall seconds of several runs, after one that warms the file cache."""
    run(arguments, home)
    walls = sorted(run(arguments, home).wall for _ in range(times))
    return walls[times // 2]
