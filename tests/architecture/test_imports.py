"""Imports only go down, and importing does nothing but define."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CLOCK_AND_CHANCE = {"now", "utcnow", "today", "uuid1", "uuid4"}
DOMAIN_MAY_IMPORT = {"mastery_engine", "msgspec", *sys.stdlib_module_names}
CHANCE = {"random", "secrets"}


def imported_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_imports_follow_the_rooms(root: Path) -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_domain_imports_the_standard_library_msgspec_and_numpy_for_forecasts_only(package: Path) -> None:
    found: list[str] = []
    for path in sorted((package / "domain").rglob("*.py")):
        inside = path.relative_to(package / "domain")
        allowed = DOMAIN_MAY_IMPORT - CHANCE
        if inside.parts[0].removesuffix(".py").startswith("forecast"):
            allowed = allowed | {"numpy"}
        names = set(imported_names(ast.parse(path.read_text("utf-8"))))
        found += [f"domain/{inside} imports {name}" for name in sorted(names - allowed)]
    assert not found


def test_the_domain_asks_no_clock_and_throws_no_dice(package: Path) -> None:
    found = [
        f"{path.relative_to(package)}:{node.lineno} calls .{node.func.attr}()"
        for path in sorted((package / "domain").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_AND_CHANCE
    ]
    assert not found, "time and randomness are arguments"


def test_importing_a_module_opens_connects_and_starts_nothing(package: Path) -> None:
    watch = HERE / "watch_imports.py"
    done = subprocess.run(
        [sys.executable, "-B", watch, package.parent], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "", "effects while importing:\n" + done.stdout


def test_the_watch_sees_a_file_that_is_opened_at_import(tmp_path: Path) -> None:
    room = tmp_path / "src" / "mastery_engine"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text("", "utf-8")
    (room / "careless.py").write_text("HOSTS = open(__file__ + '.txt', 'w')\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-B", HERE / "watch_imports.py", room.parent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "careless.py" in done.stdout
    assert "open" in done.stdout
