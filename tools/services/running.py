"""What runs: started once for a checkout, found again by whoever asks next."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from filelock import FileLock, Timeout

from tools.services import places
from tools.services.dapr import Dapr
from tools.services.failures import ServiceError
from tools.services.kafka import Kafka
from tools.services.postgres import Postgres
from tools.services.processes import ASK_AGAIN_SECONDS, Running, birth_of, end, free_ports, spawn
from tools.services.redis import Redis
from tools.services.registry import Registry
from tools.services.s3 import S3
from tools.services.service import Dependent, Service, Tell, tell_nobody

SERVICES: Final[dict[str, Callable[[], Service]]] = {
    "kafka": Kafka,
    "registry": Registry,
    "postgres": Postgres,
    "redis": Redis,
    "dapr": Dapr,
    "s3": S3,
}
FOR_TESTS: Final = frozenset({"s3"})
"""Started for whoever names them."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
# Another process may be downloading.
_LOCK_SECONDS: Final = 1_800
_LINES_TOLD: Final = 15
_TRIES: Final = 2
Result = TypeVar("Result")


@dataclass(frozen=True)
class Found:
    """A server that answers.

    Attributes:
        address: As clients want it.
        version: For people.
        ports: All that it listens on.
    """

    address: str
    version: str
    ports: list[int]


def addresses(names: Iterable[str], tell: Tell = tell_nobody) -> dict[str, str]:
    """Where the servers are; those that do not run are started, side by side.

    Args:
        names: Of the servers.
        tell: Told what is going on.

    Raises:
        ServiceError: Some cannot be had here, or do not become ready; the others run.
    """
    told = attempts(names, tell)
    causes: dict[str, list[str]] = {}
    for name, one in told.items():
        if isinstance(one, ServiceError):
            causes.setdefault(str(one), []).append(name)
    if causes:
        raise ServiceError("\n".join(f"{', '.join(those)}: {cause}" for cause, those in causes.items()))
    return {name: one for name, one in told.items() if isinstance(one, str)}


def attempts(
    names: Iterable[str], tell: Tell = tell_nobody, named: Mapping[str, str] = _NONE
) -> dict[str, str | ServiceError]:
    """The same, with what hinders a server in the place of its address; those that need others come after them.

    Args:
        names: Of the servers.
        tell: Told what is going on.
        named: By name, servers of somebody else, which are used by those that need them, and not started.
    """
    told: dict[str, str | ServiceError] = {}

    def attempt(name: str) -> str | ServiceError:
        failed = [one for other in _needs(name) if isinstance(one := told.get(other), ServiceError)]
        if failed:
            return failed[0]
        try:
            return ensure(name, tell, named)
        except ServiceError as error:
            return error
        except OSError as error:
            return ServiceError(str(error))

    wanted = list(names)
    for late in (False, True):
        told |= _side_by_side(attempt, [name for name in wanted if bool(_needs(name)) is late])
    return {name: told[name] for name in wanted}


def ensure(name: str, tell: Tell = tell_nobody, named: Mapping[str, str] = _NONE) -> str:
    """Address of a server, started if it does not run; so are those that it needs, if nobody has named them.

    Raises:
        ServiceError: It cannot be had here, or does not become ready.
    """
    service = SERVICES[name]()
    beside: dict[str, str] = {}
    if isinstance(service, Dependent):
        beside = {other: named.get(other) or ensure(other, tell) for other in service.needs}
        service = service.beside(beside)
    known = read(name)
    if known is not None and known.lives() and known.beside == beside and service.is_ready(known.ports):
        return service.address(known.ports)
    with _locked(name, tell):
        known = read(name)
        if known is not None and known.lives():
            # Whoever started it may have been ended meanwhile, or the machine is busy.
            if known.beside == beside and _becomes_ready(service, known.ports, known.lives):
                return service.address(known.ports)
            why = "does not answer" if known.beside == beside else "what it needs has moved"
            tell(f"{name}: {why}; ending it")
            end(known, service.ending)
        service.fetch(tell)
        return service.address(_start(service, known, beside, tell).ports)


def _needs(name: str) -> tuple[str, ...]:
    """Names of the servers that this one is a client of."""
    service = SERVICES[name]()
    return service.needs if isinstance(service, Dependent) else ()


def read(name: str) -> Running | None:
    """What was started under this name."""
    return Running.read(_record(name))


def look(names: Iterable[str]) -> dict[str, Found]:
    """The servers that answer; nothing is started."""

    def ask(name: str) -> Found | None:
        known, service = read(name), SERVICES[name]()
        if known is None or not known.lives() or not service.is_ready(known.ports):
            return None
        return Found(service.address(known.ports), known.version, known.ports)

    return {name: found for name, found in _side_by_side(ask, names).items() if found is not None}


def stop(names: Iterable[str], tell: Tell = tell_nobody) -> None:
    """End what runs; its data stays, and its ports are remembered."""

    def one(name: str) -> None:
        if read(name) is None:
            return
        with _locked(name, tell):
            known = read(name)
            if known is None or not known.pid:
                return
            if known.lives():
                tell(f"{name}: ending")
                end(known, SERVICES[name]().ending)
            replace(known, pid=0, born="").write(_record(name))

    _side_by_side(one, names)


def forget(names: Iterable[str], tell: Tell = tell_nobody) -> None:
    """End what runs, and remove its data."""
    wanted = list(names)
    stop(wanted, tell)
    for folder in (places.FOLDER / name for name in wanted):
        outside = places.elsewhere(folder)
        if outside is not None:
            shutil.rmtree(outside, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _start(service: Service, before: Running | None, beside: dict[str, str], tell: Tell) -> Running:
    """Start it; once more if it ends at once, as when what it left behind is still being cleared away."""
    started, failure = time.monotonic(), ServiceError("never tried")
    for _ in range(_TRIES):
        ports = free_ports(service.ports, [] if before is None else before.ports)
        tell(f"{service.name}: starting {service.version()}")
        try:
            running = _start_once(service, ports, beside)
        except _EndedError as error:
            failure = error
            continue
        tell(f"{service.name}: ready after {time.monotonic() - started:.1f} s")
        return running
    raise failure


def _start_once(service: Service, ports: list[int], beside: dict[str, str]) -> Running:
    folder = places.FOLDER / service.name
    launch = service.launch(folder, ports)
    log = folder / "server.log"
    if log.exists():
        log.replace(folder / "server.log.before")
    with log.open("wb") as stream:
        process = spawn(launch, stream)
    running = Running(process.pid, birth_of(process.pid), ports, service.version(), beside)
    running.write(_record(service.name))
    if _becomes_ready(service, ports, lambda: process.poll() is None):
        # It outlives this process, so that nobody here has to wait for it.
        process.returncode = 0
        return running
    code = process.poll()
    if code is None:
        end(running, service.ending)
        process.wait()
        raise ServiceError(f"did not become ready within {service.seconds:.0f} s; {_end_of(log)}")
    raise _EndedError(f"ended with {code}; {_end_of(log)}")


class _EndedError(ServiceError):
    """It ended while it was waited for."""


def _becomes_ready(service: Service, ports: list[int], lives: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + service.seconds
    while lives() and time.monotonic() < deadline:
        # Of a process that has ended, somebody else may have the port.
        if service.is_ready(ports) and lives():
            return True
        time.sleep(ASK_AGAIN_SECONDS)
    return False


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LINES_TOLD:]
    return "\n".join([f"the end of {log}:", *lines])


def _record(name: str) -> Path:
    return places.FOLDER / name / "running.json"


@contextmanager
def _locked(name: str, tell: Tell) -> Generator[None]:
    """One process at a time starts or ends a server."""
    folder = places.FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"{name}: another process is starting or ending it; waiting for that")
        lock.acquire(timeout=_LOCK_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _side_by_side(job: Callable[[str], Result], names: Iterable[str]) -> dict[str, Result]:
    wanted = list(names)
    with ThreadPoolExecutor(max(len(wanted), 1)) as pool:
        return dict(zip(wanted, pool.map(job, wanted), strict=True))
