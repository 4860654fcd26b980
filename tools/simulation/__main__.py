"""Run many random histories: `python -m tools.simulation --histories 100000 --seed 1`."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tools.simulation.runs import Failure, play


def main() -> int:
    """Play the histories; 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first history; the others follow")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep-going", action="store_true", help="tell every failure, not only the first")
    arguments = parser.parse_args()
    started, failures, done = time.monotonic(), 0, 0
    size = 200
    starts = range(arguments.seed, arguments.seed + arguments.histories, size)
    last = arguments.seed + arguments.histories
    with ProcessPoolExecutor(arguments.processes) as pool:
        for found in pool.map(_chunk, [(start, min(size, last - start)) for start in starts]):
            done += size
            failures += len(found)
            for failure in found if arguments.keep_going else found[:1]:
                print(failure.text())
            if found and not arguments.keep_going:
                pool.shutdown(cancel_futures=True)
                break
            seconds = time.monotonic() - started
            print(
                f"\r{min(done, arguments.histories)} histories, {done / seconds:.0f}/s, {failures} failed",
                end="",
                file=sys.stderr,
            )
    print(file=sys.stderr)
    return 1 if failures else 0


def _chunk(work: tuple[int, int]) -> list[Failure]:
    start, size = work
    return [failure for seed in range(start, start + size) if (failure := play(seed)) is not None]


if __name__ == "__main__":
    sys.exit(main())
