"""Runs of the command line as whole processes, those that they start included: wall and processor seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple, Self

SAMPLE_SECONDS: Final = 1.0
MASTERY = (sys.executable, "-m", "mastery_engine.cli.main")


class Run(NamedTuple):
    """One finished run.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, all threads.
        peak_mb: Peak resident memory of the largest process in MB (10^6 bytes).
        together_mb: Peak of all processes at one moment, a page that several share counted once; 0 where the system
            does not tell.
        output: What it printed.
    """

    wall: float
    cpu: float
    peak_mb: float
    together_mb: float
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
        with _Memory(process.pid) as memory:
            output, errors = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode != 0:
        raise RuntimeError(f"mastery {' '.join(arguments)} failed: {errors.decode()[-2000:]}")
    largest = usage.ru_maxrss * 1024 / 1e6
    return Run(wall, usage.ru_utime + usage.ru_stime, largest, memory.peak / 1e6, output.decode())


class _Memory:
    """Watches the memory of a process and of all below it.

    Attributes:
        peak: Most bytes at one moment.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(_proportional_bytes, _family(self._pid))))


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in below for one in _family(int(child)))]


def _proportional_bytes(pid: int) -> int:
    """Resident bytes of a process, its part of what it shares with others; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def median_wall(arguments: list[str], home: Path, times: int) -> float:
    """Median wall seconds of several runs, after one that warms the file cache."""
    run(arguments, home)
    walls = sorted(run(arguments, home).wall for _ in range(times))
    return walls[times // 2]
