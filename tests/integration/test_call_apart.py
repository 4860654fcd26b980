"""A function called in a real process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mastery_engine.adapters.oulad.apart import call_apart
from mastery_engine.adapters.oulad.importer import OuladEvents
from mastery_engine.domain.errors import DependencyDown, InvalidInput

WAIT_SECONDS = 60
REPOSITORY = Path(__file__).parents[2]
MORE_THAN_A_PIPE_HOLDS = 1 << 22
PARENT = """
    import sys
    from mastery_engine.adapters.oulad.apart import call_apart
    from tests.integration.test_call_apart import much_when_told

    call_apart(much_when_told, sys.argv[1])
"""


def much_when_told(fifo: str) -> bytes:
    os.write(1, b"called\n")
    Path(fifo).read_bytes()
    return bytes(MORE_THAN_A_PIPE_HOLDS)


def test_what_it_returns_comes_from_another_process() -> None:
    assert call_apart(os.getppid) == os.getpid()
    assert len(call_apart(bytes, MORE_THAN_A_PIPE_HOLDS)) == MORE_THAN_A_PIPE_HOLDS


def test_what_it_raises_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        call_apart(int, "x")
    with pytest.raises(InvalidInput, match=r"has no file courses.csv or courses.parquet") as error:
        OuladEvents(tmp_path, "2014B", apart=True)
    assert error.value.problems[0].field == "DIR"


def test_a_process_that_ends_without_an_answer_is_told_with_its_exit_code() -> None:
    with pytest.raises(DependencyDown, match=r"has ended without an answer \(exit code 7\)"):
        call_apart(os._exit, 7)


def test_a_killed_caller_leaves_no_process_behind(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    caller = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(fifo)],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"called\n"
    caller.send_signal(signal.SIGKILL)
    assert caller.wait(WAIT_SECONDS) == -signal.SIGKILL
    fifo.write_bytes(b"answer")
    # Both hold the other end of this pipe: it ends when the last of them has.
    rest, _ = caller.communicate(timeout=WAIT_SECONDS)
    assert rest == b""
