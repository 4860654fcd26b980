"""Asks whether advisories are known of what we depend on, and tells apart "none" and "nobody could be asked".

Usage: python tools/advisories.py [--strict] [REQUIREMENTS ...]

Exit codes: 0 nothing is known, or (without --strict) nobody could be asked; 1 an advisory is known; 75 nobody could be asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCKS: Final = ("requirements/runtime.txt", "requirements/dev.txt")
KNOWN, NOBODY_ASKED = 1, 75


def audit(lock: str) -> list[dict[str, Any]] | None:
    """What pip-audit tells of each package of a lock; None if it could ask nobody."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
    ]
    run = subprocess.run(
        [*command, "--format", "json", "-r", str(ROOT / lock)], capture_output=True, text=True, check=False
    )
    if not run.stdout.strip():
        return None
    packages: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    return packages


def main(arguments: list[str]) -> int:
    """Ask for each lock, and tell."""
    strict = "--strict" in arguments
    outcome = 0
    for lock in [one for one in arguments if not one.startswith("-")] or LOCKS:
        packages = audit(lock)
        asked = [one for one in packages or [] if "skip_reason" not in one]
        found = [(one["name"], one["version"], each["id"]) for one in asked for each in one["vulns"]]
        for name, version, advisory in found:
            print(f"advisories: {lock}: {name} {version}: {advisory}")
        if found:
            outcome = KNOWN
        elif packages is None or len(asked) < len(packages):
            of = (
                "any package"
                if packages is None
                else f"{len(packages) - len(asked)} of {len(packages)} packages"
            )
            print(
                f"advisories: {lock}: NOT ASKED about {of}: the database of advisories cannot be reached from here"
            )
            outcome = outcome or (NOBODY_ASKED if strict else 0)
        else:
            print(f"advisories: {lock}: none known of {len(asked)} packages")
    return outcome


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
