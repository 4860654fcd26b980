"""Interpreters with libraries of other makers, which are made once and stay."""

from __future__ import annotations

import subprocess
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).parents[2]


def interpreter(name: str) -> Path:
    """That of the environment `.tools/NAME`, made from its lock if it is not there."""
    tools = ROOT / ".tools"
    tools.mkdir(exist_ok=True)
    with FileLock(tools / f"{name}.lock"):
        subprocess.run(["make", "-s", f".tools/{name}/.locked"], cwd=ROOT, check=True)
    return tools / name / "bin" / "python"
