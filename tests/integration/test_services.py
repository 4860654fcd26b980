"""The real servers for tests: started once, found again, and what is missing is named."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.echo_service import ALL, Echo, Leaning
from tools.services import places, processes, running
from tools.services.__main__ import main
from tools.services.commands import require
from tools.services.failures import ServiceError
from tools.services.processes import Running, birth_of, is_free
from tools.services.running import addresses, attempts, ensure, forget, look, read, stop


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(places, "FOLDER", tmp_path)
    monkeypatch.setattr(running, "SERVICES", ALL)
    monkeypatch.setattr("tools.services.__main__.SERVICES", ALL)
    yield tmp_path
    monkeypatch.setattr(processes, "_END_SECONDS", 0.2)
    stop(ALL)


def known(name: str) -> Running:
    found = read(name)
    assert found is not None
    return found


def remember(folder: Path, record: Running) -> None:
    (folder / "echo").mkdir()
    record.write(folder / "echo" / "running.json")


def launches(folder: Path, name: str) -> int:
    return len((folder / name / "launches").read_text().splitlines())


def kill(server: Running) -> None:
    os.kill(server.pid, 9)
    os.waitpid(server.pid, 0)


def test_a_server_is_started_once_and_found_again(folder: Path) -> None:
    address, first = ensure("echo"), known("echo")
    assert ensure("echo") == address
    assert known("echo") == first
    assert launches(folder, "echo") == 1


def test_many_who_want_it_at_once_get_one(folder: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ensure, ["echo"] * 6))
    assert len(set(found)) == 1
    assert launches(folder, "echo") == 1


def test_a_server_that_died_is_started_again_where_it_was() -> None:
    address, first = ensure("echo"), known("echo")
    kill(first)
    assert look(["echo"]) == {}
    assert ensure("echo") == address
    assert known("echo").pid != first.pid


def test_a_server_that_was_stopped_is_started_again_where_it_was() -> None:
    address = ensure("echo")
    stop(["echo"])
    assert ensure("echo") == address


def test_a_server_that_runs_and_is_slow_to_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    address, first = ensure("echo"), known("echo")
    answers, ready = iter([False, False, False]), Echo.is_ready

    def slowly(self: Echo, ports: list[int]) -> bool:
        return next(answers, True) and ready(self, ports)

    monkeypatch.setattr(Echo, "is_ready", slowly)
    assert ensure("echo") == address
    assert known("echo") == first


def test_another_process_under_the_old_number_is_neither_taken_for_it_nor_ended(folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        remember(folder, Running(bystander.pid, "not when it was born", [1], "1"))
        ensure("echo")
        stop(["echo"])
        assert birth_of(bystander.pid)
        bystander.kill()


def test_a_port_that_somebody_has_taken_meanwhile_is_left_to_him(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert not is_free(port)
        remember(folder, Running(0, "", [port], "1"))
        assert ensure("echo") != f"127.0.0.1:{port}"


def test_a_record_that_cannot_be_read_is_no_record(folder: Path) -> None:
    for text in ("{", "[]", '{"pid": 1}'):
        (folder / "echo").mkdir(exist_ok=True)
        (folder / "echo" / "running.json").write_text(text)
        assert read("echo") is None
    assert ensure("echo")


def test_stop_ends_it_and_says_so_once() -> None:
    ensure("echo")
    first = known("echo")
    told: list[str] = []
    stop(["echo"], told.append)
    stop(["echo"], told.append)
    assert told == ["echo: ending"]
    assert not first.lives()


def test_a_server_that_does_not_listen_is_made_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_END_SECONDS", 0.3)
    ensure("stubborn")
    first = known("stubborn")
    stop(["stubborn"])
    assert not first.lives()


def test_a_server_that_ends_at_once_is_told_with_its_own_words() -> None:
    with pytest.raises(ServiceError, match=r"ended with 1.*\n.*no room on the disk"):
        ensure("dying")


def test_a_server_that_ends_at_once_is_tried_once_more(folder: Path) -> None:
    assert ensure("clumsy")
    assert launches(folder, "clumsy") == 2


def test_a_server_that_does_not_become_ready_is_ended_and_told_with_its_own_words() -> None:
    with pytest.raises(ServiceError, match=r"did not become ready within 0 s.*\n.*thinking"):
        ensure("mute")
    assert not known("mute").lives()


def test_one_that_cannot_be_had_hinders_no_other() -> None:
    told = attempts(["dying", "echo"])
    assert isinstance(told["dying"], ServiceError)
    assert told["echo"] == look(["echo"])["echo"].address


def test_what_a_server_needs_is_started_before_it_and_once(folder: Path) -> None:
    addresses(["leaning", "echo"])
    assert (folder / "leaning" / "told").read_text() == ensure("echo")
    ensure("leaning")
    assert [launches(folder, name) for name in ("leaning", "echo")] == [1, 1]


def test_a_server_whose_need_has_moved_is_started_again(folder: Path) -> None:
    ensure("leaning")
    forget(["echo"])
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        assert isinstance(attempts(["leaning"], told.append, {"echo": taken})["leaning"], str)
    assert "leaning: what it needs has moved; ending it" in told
    assert (folder / "leaning" / "told").read_text() == taken
    assert look(["echo"]) == {}


def test_a_server_whose_need_cannot_be_had_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaning, "needs", ("dying",))
    with pytest.raises(ServiceError, match="no room on the disk"):
        ensure("leaning")
    told = attempts(["leaning", "dying"])
    assert told["leaning"] is told["dying"]


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ServiceError, match=r"java, mvn.*install .*openjdk"):
        require("java", "mvn")


def test_a_java_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "jdk" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    with pytest.raises(ServiceError, match="is Java 11, and 17 or newer is needed"):
        require("java")


def test_a_folder_of_the_cache_is_whole_or_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path / "cache"))
    place = places.cache() / "x-1"

    def break_off(draft: Path) -> None:
        (draft / "part").touch()
        raise OSError("half-way")

    with pytest.raises(OSError, match="half-way"):
        places.whole(place, break_off)
    assert [one.name for one in places.cache().iterdir()] == ["x-1.lock"]
    assert places.whole(place, lambda draft: (draft / "part").touch()) == place
    assert (place / "part").exists()
    assert places.whole(place, break_off) == place


def test_a_folder_elsewhere_belongs_to_one_checkout_and_goes_with_its_data(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "ELSEWHERE", tmp_path / "elsewhere")
    (folder / "echo").mkdir()
    made = places.make_elsewhere(folder / "echo")
    assert places.make_elsewhere(folder / "echo") == made
    forget(["echo"])
    assert not made.exists()
    (folder / "echo").mkdir()
    assert places.make_elsewhere(folder / "echo") != made


def test_forget_ends_it_and_removes_its_data(folder: Path) -> None:
    ensure("echo")
    first = known("echo")
    forget(["echo"])
    assert not first.lives()
    assert not (folder / "echo").exists()


def test_status_tells_what_does_not_run_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "echo"]) == 1
    assert "not running" in capsys.readouterr().out
    assert main(["up", "echo"]) == 0
    assert known("echo").version in capsys.readouterr().out
    assert main(["status", "echo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["echo"]["address"] == ensure("echo")


def test_a_failure_is_told_once_for_all_and_with_75(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["up", "dying", "echo"]) == 75
    assert "services: dying: ended with 1" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert main(["up", "unfetched"]) == 75
    assert "services: unfetched: not found on this machine: java, mvn; install" in capsys.readouterr().err


def test_a_record_is_whole_or_the_one_before(folder: Path) -> None:
    remember(folder, Running(1, "2", [3], "4"))
    replace(known("echo"), pid=0).write(folder / "echo" / "running.json")
    assert known("echo") == Running(0, "2", [3], "4")
    assert sorted(one.name for one in (folder / "echo").iterdir()) == ["running.json"]
