"""The processes of servers: what is known of one, starting it, ending it; and ports for it."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from tools.services.failures import ServiceError
from tools.services.service import Launch

ASK_AGAIN_SECONDS: Final = 0.1
_END_SECONDS: Final = 20.0
_FREE_SECONDS: Final = 2.0
# Below those that the kernel lends to clients, so that they are still free after a stop.
_PORTS: Final = range(20_000, 32_000)
_TRIES: Final = 200


@dataclass(frozen=True)
class Running:
    """A server that was started.

    Attributes:
        pid: Of its process; 0 once it was stopped.
        born: When that began, in the kernel's ticks, so that another process under its number is not taken for it.
        ports: Those that it listens on, and shall again.
        version: For people.
        beside: By name, where the servers were that it is a client of.
    """

    pid: int
    born: str
    ports: list[int]
    version: str = ""
    beside: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def read(cls, file: Path) -> Running | None:
        """What is written there; None for a file that is not there or cannot be read."""
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Write it down, whole or not at all."""
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(file)

    def lives(self) -> bool:
        """Whether its process is still there."""
        return self.pid > 0 and bool(self.born) and self.born == birth_of(self.pid)


def birth_of(pid: int) -> str:
    """When a process began; empty if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return told.stdout.strip()
    return "" if fields[0] == "Z" else fields[19]


def spawn(launch: Launch, log: BinaryIO) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that it outlives this process and its terminal."""
    uid, gid = launch.user or (None, None)
    return subprocess.Popen(
        launch.argv,
        cwd=launch.cwd,
        env=dict(launch.env),
        user=uid,
        group=gid,
        extra_groups=None if launch.user is None else [],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end(running: Running, ending: signal.Signals) -> None:
    """Ask it to end, and then make it end."""
    for number in (ending, signal.SIGKILL):
        deadline = time.monotonic() + _END_SECONDS
        if running.lives():
            with suppress(ProcessLookupError):
                os.kill(running.pid, number)
        while running.lives() and time.monotonic() < deadline:
            # If it is a child of this process, nobody else buries it.
            with suppress(ChildProcessError):
                os.waitpid(running.pid, os.WNOHANG)
            time.sleep(ASK_AGAIN_SECONDS / 4)


def free_ports(count: int, before: list[int]) -> list[int]:
    """Ports of 127.0.0.1: those of the last time if nobody has taken them meanwhile.

    Raises:
        ServiceError: None are free.
    """
    if len(before) == count and _come_free(before):
        return before
    found: list[int] = []
    for port in random.sample(_PORTS, _TRIES):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise ServiceError(f"no free port of 127.0.0.1 among {_TRIES} from {_PORTS.start} to {_PORTS.stop}")


def _come_free(ports: list[int]) -> bool:
    """Whether all are free in a moment: the last thread of a killed process lets go of them after its death is told."""
    deadline = time.monotonic() + _FREE_SECONDS
    while not all(map(is_free, ports)):
        if time.monotonic() > deadline:
            return False
        time.sleep(ASK_AGAIN_SECONDS / 4)
    return True


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
