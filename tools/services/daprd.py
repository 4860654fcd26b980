"""Dapr's sidecar, built from those of its parts that are needed: there is no package of it to fetch."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from tools.services.commands import run
from tools.services.failures import ServiceError
from tools.services.places import ROOT, cache, whole
from tools.services.service import Tell, tell_nobody

VERSION: Final = "1.14.0"
OLDEST_GO: Final = (1, 22)
SOURCES: Final = ROOT / "tools" / "daprd"
_GO_VERSION: Final = re.compile(r"go(\d+)\.(\d+)")
# Where go.dev says that it shall be unpacked, which is on the path of few.
_USUAL: Final = "/usr/local/go/bin"
# Without asking Git, which may take a checkout of another user's for a dubious one.
_BUILD: Final = ["build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w"]
_LONGEST_SECONDS: Final = 1_700


def program(tell: Tell = tell_nobody, name: str = "daprd") -> Path:
    """The sidecar, or (`sentry`) the authority that gives sidecars their certificates; built if need be.

    Raises:
        ServiceError: There is no Go here that could build it, or it fails to.
    """

    def fill(folder: Path) -> None:
        go = _go()
        tell(
            "dapr: building its sidecar, this once: 195 MB of Go modules, and about 7 minutes on 2 cores "
            "(seconds if Go has built it before)"
        )
        run([go, *_BUILD, "-o", f"{folder}/", ".", "./sentry"], cwd=SOURCES, seconds=_LONGEST_SECONDS)

    return whole(_place(), fill) / name


def _go() -> str:
    found = shutil.which("go") or shutil.which("go", path=_USUAL)
    newer = f"Go {'.'.join(map(str, OLDEST_GO))} or newer from go.dev/dl"
    if sys.platform == "darwin":
        newer += ", or with: brew install go"
    if found is None:
        raise ServiceError(f"not found on this machine: go, which builds the sidecar; install {newer}")
    told = run([found, "version"], cwd=Path.cwd())
    version = _GO_VERSION.search(told)
    if version and (int(version[1]), int(version[2])) < OLDEST_GO:
        raise ServiceError(f"{found} is Go {version[1]}.{version[2]}, too old; install {newer}")
    return found


def _place() -> Path:
    """Named by what it is made of, so that a change of the source is a new program."""
    names = ("main.go", "sentry/main.go", "go.mod", "go.sum")
    made_of = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in names)).hexdigest()[:12]
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return cache() / f"daprd-{VERSION}-{made_of}-{machine}"
