"""The skill's script: as a module, for its functions, and as a program, as a model runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parents[2] / "skills" / "mastery"
SCRIPT = FOLDER / "scripts" / "mastery.py"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def load() -> ModuleType:
    spec = spec_from_file_location("skill_of_mastery", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run it with nothing but Python: isolated, and in an environment that holds no more than is named."""
    words: Sequence[str] = (sys.executable, "-I", str(SCRIPT), *arguments)
    done = subprocess.run(words, env=dict(environment or {}), capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)
