"""The real servers for tests: started once, found again, and what is missing is named."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tools.services import places, running
from tools.services.__main__ import main
from tools.services.commands import require
from tools.services.failures import ServiceError
from tools.services.running import Running, birth_of, ensure, read, stop
from tools.services.service import Launch


class Echo:
    """A server of a few lines, in the place of a large one."""

    name = "echo"
    ports = 1
    seconds = 20.0
    ending = signal.SIGTERM
    program = (
        "import sys, socket\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True: server.accept()[0].close()"
    )

    def version(self) -> str:
        return "1"

    def prepare(self, folder: Path, ports: list[int]) -> Launch:
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
    """A server that says why it cannot."""

    program = "import sys; sys.exit('no room on the disk')"

    def is_ready(self, ports: list[int]) -> bool:
        del ports
        return False


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(running, "FOLDER", tmp_path)
    ours = {"echo": Echo, "dying": Dying}
    monkeypatch.setattr(running, "SERVICES", ours)
    monkeypatch.setattr("tools.services.__main__.SERVICES", ours)
    yield tmp_path
    stop(["echo", "dying"])


def test_a_server_is_started_once_and_found_again() -> None:
    address = ensure("echo")
    first = read("echo")
    assert ensure("echo") == address
    assert read("echo") == first


def test_a_server_that_died_is_started_again_where_it_was() -> None:
    address = ensure("echo")
    first = read("echo")
    assert first is not None
    os.kill(first.pid, 9)
    os.waitpid(first.pid, 0)
    assert ensure("echo") == address
    assert read("echo") != first


def test_another_process_under_the_old_number_is_neither_taken_for_it_nor_ended(folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        stale = Running(bystander.pid, "not when it was born", [1])
        (folder / "echo").mkdir()
        (folder / "echo" / "running.json").write_text(json.dumps(asdict(stale)))
        ensure("echo")
        stop(["echo"])
        assert birth_of(bystander.pid)
        bystander.kill()


def test_a_port_that_somebody_has_taken_meanwhile_is_left_to_him(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (folder / "echo").mkdir()
        (folder / "echo" / "running.json").write_text(json.dumps(asdict(Running(2**22 + 1, "", [port]))))
        assert ensure("echo") != f"127.0.0.1:{port}"


def test_a_record_that_cannot_be_read_is_no_record(folder: Path) -> None:
    (folder / "echo").mkdir()
    (folder / "echo" / "running.json").write_text("{")
    assert ensure("echo")


def test_stop_ends_it_and_says_so_once() -> None:
    ensure("echo")
    known = read("echo")
    told: list[str] = []
    stop(["echo"], told.append)
    stop(["echo"], told.append)
    assert told == ["echo: ending"]
    assert known is not None
    assert not known.lives()


def test_a_server_that_ends_at_once_is_told_with_its_own_words() -> None:
    with pytest.raises(ServiceError, match=r"ended with 1.*\n.*no room on the disk"):
        ensure("dying")


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServiceError, match=r"java, mvn.*sudo apt-get install openjdk-17-jre-headless maven"):
        require("java", "mvn")


def test_a_folder_of_the_cache_is_whole_or_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path / "cache"))
    with pytest.raises(OSError, match="half-way"):
        _break_off()
    assert [one.name for one in places.cache().iterdir()] == ["x-1.lock"]
    with places.building("x-1") as (draft, to_do):
        assert to_do
        (draft / "part").touch()
    with places.building("x-1") as (place, to_do):
        assert not to_do
        assert (place / "part").exists()


def test_status_tells_what_does_not_run_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "echo"]) == 1
    assert "not running" in capsys.readouterr().out
    assert main(["up", "echo"]) == 0
    assert main(["status", "echo", "--json"]) == 0


def test_a_failure_is_told_and_tells_an_orchestrator_to_try_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "dying"]) == 75
    assert "no room on the disk" in capsys.readouterr().err


def _break_off() -> None:
    with places.building("x-1") as (draft, _):
        (draft / "part").touch()
        raise OSError("half-way")
