"""Programs that must be there, and running them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.services.failures import ServiceError

OLDEST_JAVA: Final = 17
_LONGEST_SECONDS: Final = 900
_LINES_TOLD: Final = 15
_JAVA_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_DEBIAN: Final = {
    "java": f"openjdk-{OLDEST_JAVA}-jre-headless",
    "mvn": "maven",
    "redis-server": "redis-server",
}
_HOMEBREW: Final = {"java": "openjdk", "mvn": "maven", "redis-server": "redis"}


def how_to_install(*programs: str) -> str:
    """The command that brings programs to this machine."""
    if sys.platform == "darwin":
        return f"brew install {' '.join(_HOMEBREW[name] for name in programs)}"
    sudo = "" if os.geteuid() == 0 else "sudo "
    command = f"{sudo}apt-get install {' '.join(_DEBIAN[name] for name in programs)}"
    if shutil.which("apt-get") is None:
        return f"the packages of your system that bring it; on Debian and Ubuntu: {command}"
    return command


def require(*programs: str) -> None:
    """See that programs are there, and Java is new enough.

    Raises:
        ServiceError: Names what is missing and the command that installs it.
    """
    missing = [name for name in programs if _find(name) is None]
    if missing:
        raise ServiceError(
            f"not found on this machine: {', '.join(missing)}; install with: {how_to_install(*missing)}"
        )
    if "java" in programs:
        told = run([java(), "-version"], cwd=Path.cwd())
        found = _JAVA_VERSION.search(told)
        if found and int(found[1]) < OLDEST_JAVA:
            raise ServiceError(
                f"{java()} is Java {found[1]}, and {OLDEST_JAVA} or newer is needed; "
                f"install with: {how_to_install('java')}, or let JAVA_HOME name another one"
            )


def java() -> str:
    """The program that runs Java: JAVA_HOME's, or that of the PATH."""
    return _find("java") or "java"


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    seconds: float = _LONGEST_SECONDS,
) -> str:
    """Run to the end; returns what it printed.

    Raises:
        ServiceError: It failed or took too long; with the end of what it printed.
    """
    shown = " ".join(command[:4])
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise ServiceError(f"{shown} … was not done after {seconds:.0f} seconds") from None
    printed = _COLOURS.sub("", done.stdout + done.stderr)
    if done.returncode:
        told = "\n".join(printed.strip().splitlines()[-_LINES_TOLD:])
        raise ServiceError(f"{shown} … ended with {done.returncode}:\n{told}")
    return printed


def _find(program: str) -> str | None:
    home = os.environ.get("JAVA_HOME") if program == "java" else None
    inside = Path(home or "") / "bin" / program
    return str(inside) if home and os.access(inside, os.X_OK) else shutil.which(program)
