"""Programs that must be there, and running them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.services.failures import ServiceError

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
DEBIAN: Final = {"java": "openjdk-17-jre-headless", "mvn": "maven", "redis-server": "redis-server"}


def require(*programs: str) -> None:
    """See that programs are there.

    Raises:
        ServiceError: Names what is missing and the command that installs it.
    """
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        packages = " ".join(DEBIAN[name] for name in missing)
        raise ServiceError(
            f"not found on this machine: {', '.join(missing)}. Debian, Ubuntu: sudo apt-get install {packages}"
        )


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run to the end; returns what it printed.

    Raises:
        ServiceError: It failed; with the end of what it printed.
    """
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise ServiceError(f"{' '.join(command[:4])} … ended with {done.returncode}:\n{told}")
    return _COLOURS.sub("", done.stdout)
