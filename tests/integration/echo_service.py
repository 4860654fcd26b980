"""Servers of a few lines, in the place of large ones."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.services.commands import require
from tools.services.service import Launch, Tell

WORDS = "import sys, socket, signal\n"
SERVE = (
    "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nwhile True: server.accept()[0].close()\n"
)


class Echo:
    """Answers, and ends when it is told to."""

    name = "echo"
    ports = 1
    seconds = 20.0
    ending = signal.SIGTERM
    program = WORDS + SERVE

    def version(self) -> str:
        return "1"

    def fetch(self, tell: Tell) -> None:
        tell("fetched")

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        with (folder / "launches").open("a") as stream:
            stream.write("one\n")
        return Launch([sys.executable, "-c", self.program, str(ports[0])], folder)

    def is_ready(self, ports: list[int]) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", ports[0]), 1):
                return True
        except OSError:
            return False

    def address(self, ports: list[int]) -> str:
        return f"127.0.0.1:{ports[0]}"


class Dying(Echo):
    """Says why it cannot."""

    name = "dying"
    program = "import sys; sys.exit('no room on the disk')"


class Clumsy(Echo):
    """Ends the first time, and not the second."""

    name = "clumsy"

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        first = not (folder / "launches").exists()
        launch = super().launch(folder, ports)
        return Launch(["false"], folder) if first else launch


class Mute(Echo):
    """Runs, and never answers."""

    name = "mute"
    seconds = 0.3
    program = "import time\nprint('thinking', flush=True)\ntime.sleep(60)"


class Stubborn(Echo):
    """Does not listen to who asks it to end."""

    name = "stubborn"
    program = WORDS + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE


class Unfetched(Echo):
    """Needs a program that no machine has."""

    name = "unfetched"

    def fetch(self, tell: Tell) -> None:
        tell("looking for them")
        require("java", "mvn")


class Leaning(Echo):
    """Cannot do without another."""

    name = "leaning"
    needs = ("echo",)

    def __init__(self, servers: Mapping[str, str] | None = None) -> None:
        self._servers = servers or {}

    def beside(self, servers: Mapping[str, str]) -> Echo:
        return Leaning(servers)

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        (folder / "told").write_text(self._servers["echo"])
        return super().launch(folder, ports)


ALL = {one.name: one for one in (Echo, Dying, Clumsy, Mute, Stubborn, Unfetched, Leaning)}
