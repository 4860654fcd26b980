"""Redis: the machine's own, or Debian's packages unpacked beside it without installing anything."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
from pathlib import Path
from typing import Final

from tools.services.commands import how_to_install, run
from tools.services.failures import ServiceError
from tools.services.places import cache, whole
from tools.services.service import Launch, Tell, tell_nobody

_PROGRAM: Final = "redis-server"
# On the disk before the answer: with `everysec` a kill takes up to two seconds of what was answered.
_LASTING: Final = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
_SETTINGS: Final = ["--bind", "127.0.0.1", *_LASTING, "--daemonize", "no"]
_APT: Final = ["apt-get", "-qq", "-o", "Debug::NoLocking=1"]
_ASK: Final = [*_APT, "install", "--print-uris", "-y", "--no-install-recommends", _PROGRAM]


class Redis:
    """A server."""

    name = "redis"
    ports = 1
    seconds = 30.0
    ending = signal.SIGTERM

    def version(self) -> str:
        program, env = _program()
        return run([program, "--version"], cwd=Path.cwd(), env=env).partition("v=")[2].partition(" ")[0]

    def fetch(self, tell: Tell) -> None:
        _program(tell)

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        program, env = _program()
        data = folder / "data"
        data.mkdir(exist_ok=True)
        return Launch([program, *_SETTINGS, "--port", str(ports[0]), "--dir", str(data)], folder, env)

    def is_ready(self, ports: list[int]) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", ports[0]), 2) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def address(self, ports: list[int]) -> str:
        return f"redis://127.0.0.1:{ports[0]}/0"


def _program(tell: Tell = tell_nobody) -> tuple[str, dict[str, str]]:
    """The program, and the environment that it needs."""
    env = dict(os.environ)
    found = shutil.which(_PROGRAM)
    if found is not None:
        return found, env

    def fill(folder: Path) -> None:
        tell("redis: fetching Debian's packages, 3 MB, this once; nothing is installed")
        _unpack(folder)

    home = whole(cache() / _name(), fill)
    return str(home / "usr" / "bin" / _PROGRAM), _with_libraries(env, home)


def _name() -> str:
    """Packages fit the release that they are of."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return f"redis-{release.get('ID', 'other')}{release.get('VERSION_ID', '')}-{platform.machine()}"


def _with_libraries(env: dict[str, str], home: Path) -> dict[str, str]:
    folders = [
        str(one) for part in ("usr/lib", "lib") for one in home.glob(f"{part}/*-linux-*") if one.is_dir()
    ]
    return {**env, "LD_LIBRARY_PATH": ":".join([*folders, *filter(None, [env.get("LD_LIBRARY_PATH")])])}


def _unpack(folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ServiceError(f"not found on this machine: {_PROGRAM}; install with: {how_to_install(_PROGRAM)}")
    names = _packages(folder)
    run([*_APT, "download", *names], cwd=folder)
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(folder)], cwd=folder)
        package.unlink()
    run(
        [str(folder / "usr" / "bin" / _PROGRAM), "--version"],
        cwd=folder,
        env=_with_libraries(dict(os.environ), folder),
    )


def _packages(folder: Path) -> list[str]:
    """What apt would install: Redis, and those of its libraries that are not there."""
    try:
        told = run(_ASK, cwd=folder)
    except ServiceError:
        if os.geteuid() != 0:
            raise ServiceError(
                f"not found on this machine: {_PROGRAM}, and apt-get does not know it; "
                f"install with: sudo apt-get update && {how_to_install(_PROGRAM)}"
            ) from None
        run(["apt-get", "update", "-qq"], cwd=folder)
        told = run(_ASK, cwd=folder)
    names = [line.split()[1].partition("_")[0] for line in told.splitlines() if line.startswith("'")]
    if not names:
        raise ServiceError(f"apt-get has no package {_PROGRAM}; install Redis by hand")
    return names
