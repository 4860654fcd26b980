"""`mastery serve` as a process with a home of its own, beside nothing or beside Redis and PostgreSQL."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SERVING: Final = re.compile(r"serving http://([^:\s]+):(\d+)")
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 60.0
_PROGRAM: Final = ("-m", "mastery_engine.cli.main")


@dataclass(frozen=True)
class Service:
    """One that runs.

    Attributes:
        host: Where it listens.
        port: The same.
        secret: Of its tokens.
        process: It.
        variables: Its environment.
        log: What it says.
    """

    host: str
    port: int
    secret: str
    process: subprocess.Popen[bytes]
    variables: Mapping[str, str]
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"

    @property
    def lives(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The program on the same home."""
        command = [sys.executable, *_PROGRAM, *arguments]
        return subprocess.run(command, env=dict(self.variables), capture_output=True, text=True, check=False)


@contextmanager
def serving(home: Path, settings: Mapping[str, str]) -> Generator[Service]:
    """A service on loopback.

    Args:
        home: Folder of its files, made here.
        settings: Further ones, by name of their variables.

    Raises:
        SystemExit: It did not start.
    """
    home.mkdir(mode=0o700, parents=True)
    secret = secrets.token_urlsafe(48)
    known = {name: value for name, value in os.environ.items() if not name.startswith("MASTERY_")}
    own = {"MASTERY_HOME": str(home / "data"), "MASTERY_JWT_SECRET": secret}
    variables = known | own | dict(settings)
    log = home / "service.log"
    with log.open("wb") as stream:
        command = [sys.executable, *_PROGRAM, "serve", "--port", "0"]
        process = subprocess.Popen(command, env=variables, stdout=stream, stderr=stream)
    try:
        host, port = _address(process, log)
        yield Service(host, port, secret, process, variables, log)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if found := _SERVING.search(log.read_text("utf-8", errors="replace")):
            return found[1], int(found[2])
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"the service did not start:\n{log.read_text('utf-8', errors='replace')}")
