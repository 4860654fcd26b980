"""Mutation testing of the domain: mutates every line, runs its tests, and tells which mutants lived.

Usage: python tools/mutation.py [--floor PERCENT] [--jobs N] [MUTANT ...]

Work and results stay in mutants/, so a second run takes only what changed. `mutmut browse` and
`mutmut show MUTANT` look at the survivors. Ends with 1 when the share of caught mutants is below the floor.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")
STATS = ROOT / "mutants" / "mutmut-cicd-stats.json"


def caught_share(stats: dict[str, int]) -> tuple[int, int]:
    """Mutants caught, and mutants that count.

    A mutant that hangs or breaks its process is caught; one that no test reaches lived.
    """
    caught = sum(stats.get(kind, 0) for kind in ("killed", "timeout", "suspicious", "segfault"))
    return caught, caught + stats.get("survived", 0) + stats.get("no_tests", 0)


def main() -> int:
    """Run mutmut, print the score, and compare it with the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--floor", type=float, default=85.0, help="least percentage of caught mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="processes at once")
    parser.add_argument("mutants", nargs="*", help="names or patterns; all without")
    asked = parser.parse_args()
    run = [str(MUTMUT), "run", "--max-children", str(asked.jobs), *asked.mutants]
    # The same examples for every mutant: a mutant lives or dies by the tests, not by the day's luck.
    env = os.environ | {"HYPOTHESIS_PROFILE": "ci"}
    if code := subprocess.run(run, cwd=ROOT, env=env, check=False).returncode:
        print(f"mutation: mutmut ended with {code}; its message is above", file=sys.stderr)
        return code
    subprocess.run([str(MUTMUT), "export-cicd-stats"], cwd=ROOT, check=True, capture_output=True)
    caught, counted = caught_share(json.loads(STATS.read_text("utf-8")))
    share = 100 * caught / counted if counted else 0.0
    print(f"mutation: caught {caught} of {counted} mutants, {share:.1f} % (floor {asked.floor:g} %)")
    return int(share < asked.floor)


if __name__ == "__main__":
    sys.exit(main())
