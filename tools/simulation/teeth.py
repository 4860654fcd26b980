"""See that the histories notice each clause taken out: `python -m tools.simulation.teeth`."""

from __future__ import annotations

import argparse
import sys

from tools.simulation.code import mutated
from tools.simulation.mutations import MUTATIONS
from tools.simulation.runs import play


def main() -> int:
    """Play histories on each mutation until one fails; 1 if a mutation lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=20_000, help="at most, for each mutation")
    parser.add_argument("--only", default="", help="mutations whose name holds this")
    arguments = parser.parse_args()
    lives = 0
    for mutation in MUTATIONS:
        if arguments.only not in mutation.name:
            continue
        code = mutated(mutation)
        found = next((seed for seed in range(1, arguments.histories + 1) if play(seed, code)), None)
        lives += found is None
        print(f"{'LIVES' if found is None else f'caught by history {found}'}: {mutation.name}", flush=True)
    return 1 if lives else 0


if __name__ == "__main__":
    sys.exit(main())
