"""The folder of the skill: its published format, its size in tokens, and that it needs nothing but Python."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import cast

import quicktok

from mastery_engine.domain.formulas import BUILT_IN
from tests.skills.script import FOLDER, SCRIPT, run

SKILL = FOLDER / "SKILL.md"
MOST_TOKENS = 500
MOST_TOKENS_OF_DESCRIPTION = 80
FIELDS = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)


def tokens(text: str) -> int:
    found = cast("list[int]", quicktok.get_encoding("o200k_base").encode(text))
    return len(found)


def front() -> dict[str, str]:
    found = FRONT.match(SKILL.read_text("utf-8"))
    assert found is not None
    # Plain scalars on a line each, which every reader of YAML takes alike.
    pairs = [line.split(": ", 1) for line in found["front"].split("\n")]
    return {name: value for name, value in pairs}  # noqa: C416 - pairs are lists


def test_the_front_matter_is_that_of_the_published_format() -> None:
    told = front()
    assert told.keys() <= FIELDS
    assert told["name"] == FOLDER.name
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", told["name"])
    assert len(told["name"]) <= 64
    assert 0 < len(told["description"]) <= 1_024
    assert "Use for" in told["description"], "what it does, and when"
    assert len(told["compatibility"]) <= 500
    for value in told.values():
        assert not re.search(r": | #|^[\[{&*!|>'\"%@`-]", value), "plain in YAML"


def test_it_costs_a_model_few_tokens() -> None:
    assert tokens(front()["description"]) <= MOST_TOKENS_OF_DESCRIPTION
    assert tokens(SKILL.read_text("utf-8")) <= MOST_TOKENS


def test_the_answers_cost_few_tokens_too() -> None:
    four = ("--completion", "0.8", "--quiz", "0.7", "--quality", "0.9", "--consistency", "0.6")
    assert tokens(run("calculate", *four).out) <= 25
    assert tokens(run("what-if", *four, "--to", "quiz=0.9").out) <= 40
    assert tokens(run("forecast", "0.5", "0.6", "0.6").out) <= 60


def test_every_file_that_is_named_is_there_and_every_reference_is_named() -> None:
    text = SKILL.read_text("utf-8")
    named = set(re.findall(r"(?:references|scripts)/[\w.]+", text))
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.*")}
    assert named == there


def test_the_commands_that_it_shows_are_right() -> None:
    blocks = re.findall(r"```text\n(.*?)```", SKILL.read_text("utf-8"), re.DOTALL)
    shown = [line.partition(" #")[0].split() for block in blocks for line in block.splitlines()]
    assert len(shown) == 9
    for words in shown:
        by_api = {"show", "class"} & set(words) or "--student" in words
        ran = run(*words)
        if by_api:
            assert ran == (2, "", "error: put a token into the environment variable MASTERY_TOKEN\n")
        else:
            assert (ran.code, ran.err) == (0, ""), words


def test_the_reference_tells_the_formula_in_force() -> None:
    text = (FOLDER / "references" / "formula.md").read_text("utf-8")
    formula = BUILT_IN[0]
    told = " + ".join(f"{weight:g} × {name}" for name, weight in vars_of(formula.weights).items())
    assert f"`{formula.id}`: score = {told}" in text
    for name, start in vars_of(formula.thresholds).items():
        assert f"| {name} | {start:.2f} |" in text
    assert set(formula.weak_below) == {0.7}
    assert "below 0.7 is weak" in text


def vars_of(struct: object) -> dict[str, float]:
    return {name: getattr(struct, name) for name in type(struct).__annotations__}


def test_the_script_imports_the_standard_library_alone() -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert not node.level
            imported.add(node.module.partition(".")[0])
    assert imported
    assert imported <= set(sys.stdlib_module_names)


def test_the_script_is_written_for_python_3_9() -> None:
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 9))


def test_the_source_distribution_holds_the_skill(root: Path, tmp_path: Path) -> None:
    uv = root / ".tools" / "uv" / "bin" / "uv"
    command = [uv, "build", "--sdist", "--offline", "--quiet", "--out-dir", tmp_path, root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        path.relative_to(root).as_posix() for path in FOLDER.rglob("*.*") if "__pycache__" not in path.parts
    }
    assert wanted
    assert wanted <= names
    assert not [name for name in names if "__pycache__" in name]
