"""What runs: started once for a checkout, found again by whoever asks next."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from tools.services.failures import ServiceError
from tools.services.kafka import Kafka
from tools.services.places import FOLDER
from tools.services.postgres import Postgres
from tools.services.redis import Redis
from tools.services.registry import Registry
from tools.services.service import Service

SERVICES: Final[dict[str, Callable[[], Service]]] = {
    "kafka": Kafka,
    "registry": Registry,
    "postgres": Postgres,
    "redis": Redis,
}
_ASK_AGAIN_SECONDS: Final = 0.2
_END_SECONDS: Final = 20.0
_LINES_TOLD: Final = 15
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """A server that was started.

    Attributes:
        born: When its process began, in the kernel's ticks, so that another process under its number is not taken for it.
    """

    pid: int
    born: str
    ports: list[int]

    def lives(self) -> bool:
        """Whether its process is still there."""
        return bool(self.born) and self.born == birth_of(self.pid)


def birth_of(pid: int) -> str:
    """When a process began; empty if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return told.stdout.strip()
    return "" if fields[0] == "Z" else fields[19]


def addresses(names: Iterable[str] = SERVICES, tell: Tell = lambda _: None) -> dict[str, str]:
    """Where the servers are, started if they do not run.

    Args:
        names: Of the servers.
        tell: Told what is going on.

    Raises:
        ServiceError: One cannot be had here, or does not become ready.
    """
    FOLDER.mkdir(exist_ok=True)
    wanted = list(names)
    with ThreadPoolExecutor(len(wanted)) as pool:
        started = {name: pool.submit(ensure, name, tell) for name in wanted}
    failures = [error for one in started.values() if (error := one.exception()) is not None]
    if failures:
        raise failures[0] if len(failures) == 1 else ServiceError("\n".join(map(str, failures)))
    return {name: one.result() for name, one in started.items()}


def ensure(name: str, tell: Tell = lambda _: None) -> str:
    """Address of a server, started if it does not run.

    Raises:
        ServiceError: It cannot be had here, or does not become ready.
    """
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    service = SERVICES[name]()
    with FileLock(folder / "lock"):
        known = read(name)
        if known is None or not (known.lives() and service.is_ready(known.ports)):
            if known is not None:
                _end(known, service.ending)
            known = _start(service, folder, known, tell)
        return service.address(known.ports)


def read(name: str) -> Running | None:
    """What was started under this name."""
    try:
        return Running(**json.loads((FOLDER / name / "running.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def stop(names: Iterable[str] = SERVICES, tell: Tell = lambda _: None) -> None:
    """End what runs; its data stays."""
    for name in names:
        known = read(name)
        if known is None:
            continue
        with FileLock(FOLDER / name / "lock"):
            if known.lives():
                tell(f"{name}: ending")
            _end(known, SERVICES[name]().ending)
            (FOLDER / name / "running.json").unlink(missing_ok=True)


def _start(service: Service, folder: Path, before: Running | None, tell: Tell) -> Running:
    ports = _ports(service.ports, [] if before is None else before.ports)
    tell(f"{service.name}: preparing")
    launch = service.prepare(folder, ports)
    log = folder / "server.log"
    tell(f"{service.name}: starting {service.version()}")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            launch.argv,
            cwd=launch.cwd,
            env=dict(launch.env),
            user=launch.user,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process.pid, birth_of(process.pid), ports)
    (folder / "running.json").write_text(json.dumps(asdict(running)))
    deadline = time.monotonic() + service.seconds
    while not service.is_ready(ports):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = "\n".join(log.read_text(errors="replace").splitlines()[-_LINES_TOLD:])
            state = (
                "did not become ready" if process.returncode is None else f"ended with {process.returncode}"
            )
            _end(running, signal.SIGKILL)
            process.wait()
            raise ServiceError(f"{service.name} {state}; the end of {log}:\n{lines}")
        time.sleep(_ASK_AGAIN_SECONDS)
    # It outlives this process, so that nobody here has to wait for it.
    process.returncode = 0
    tell(f"{service.name}: ready at {service.address(ports)}")
    return running


def _ports(count: int, before: list[int]) -> list[int]:
    """Free ports; those of the last time if nobody has taken them."""
    found: list[int] = []
    held: list[socket.socket] = []
    for place in range(count):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.append(listener)
        try:
            listener.bind(("127.0.0.1", before[place] if place < len(before) else 0))
        except OSError:
            listener.bind(("127.0.0.1", 0))
        found.append(listener.getsockname()[1])
    for listener in held:
        listener.close()
    return found


def _end(running: Running, ending: signal.Signals) -> None:
    """Ask to end, and then make it end."""
    for number, seconds in ((ending, _END_SECONDS), (signal.SIGKILL, _END_SECONDS)):
        deadline = time.monotonic() + seconds
        if running.lives():
            os.kill(running.pid, number)
        while running.lives() and time.monotonic() < deadline:
            _reap(running.pid)
            time.sleep(_ASK_AGAIN_SECONDS / 4)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
