"""The program as a whole: help, options, start."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mastery_engine.cli.program import COMMANDS, examples_of, function_of
from tests.cli.conftest import Mastery

WITHOUT_RESULT = {"serve", "worker", "archiver", "mcp"}


def commands() -> Iterator[tuple[str, str]]:
    for name, entry in COMMANDS.items():
        if isinstance(entry, str):
            yield name, entry
        else:
            yield from ((f"{name} {part}", target) for part, target in entry.commands.items())


@pytest.mark.parametrize(("name", "target"), list(commands()))
def test_every_command_has_an_example_of_itself_and_json(name: str, target: str) -> None:
    function = function_of(target)
    examples = examples_of(function)
    assert examples
    assert all(f"mastery {name}" in example for example in examples)
    assert name in WITHOUT_RESULT or "json" in inspect.signature(function).parameters


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_explains_itself(mastery: Mastery, name: str) -> None:
    done = mastery(*name.split(), "--help")
    assert done.code == 0
    assert "Examples:" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_the_first_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from mastery_engine.cli.main import run\n"
        "run(['--help'])\n"
        "heavy = {'pydantic', 'numpy', 'fastapi', 'openfeature', 'structlog', 'rich', 'msgspec', 'asyncio', 'httpx'}\n"
        "print('heavy:', sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_showing_a_student_imports_nothing_of_folding_and_serving() -> None:
    code = (
        "import sys\n"
        "from mastery_engine.cli.main import run\n"
        "code = run(['show', 'nobody'])\n"
        "heavy = {'numpy', 'fastapi', 'structlog', 'uvicorn', 'httpx', 'mastery_engine.engine.process'}\n"
        "print(code, sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"MASTERY_STORE_URL": "memory://"},
    )
    assert done.stdout == "4 []\n"


def test_ctrl_c_while_the_program_is_being_read_is_told_like_any_other(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mastery_engine.cli.program.program", interrupted)
    done = mastery("show", "ada-01")
    assert done.code == 130
    assert "nothing is lost" in done.err


def test_a_service_tells_of_a_misspelt_setting_before_anything_else(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_ENV", "production")
    monkeypatch.setenv("MASTERY_JWT_SECRETT", "s" * 48)
    done = mastery("serve", "--port", 0)
    assert done.code == 1
    assert "MASTERY_JWT_SECRETT is no setting and is passed over; is MASTERY_JWT_SECRET meant?" in done.err
    assert "s" * 48 not in done.err
