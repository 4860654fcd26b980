"""Files stay small, the repository speaks of itself alone, and its versions agree."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import mastery_engine

LONGEST = 300
# A file over the limit, and why it is one thing: "src/mastery_engine/…/x.py": "reason".
LONG_FOR_A_REASON: dict[str, str] = {
    "skills/mastery/scripts/mastery.py": "under `python3 -I` no file beside it is found",
    "tests/unit/test_config.py": "every setting, from everywhere",
    "tests/contract/test_state_store.py": "one port, one suite",
}

MADE_HERE = {
    ".git",
    ".services",
    ".venv",
    ".tools",
    ".hypothesis",
    ".pytest_cache",
    ".ruff_cache",
    ".import_linter_cache",
    "__pycache__",
    "htmlcov",
    "mutants",
    "site",
}

# Written so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home|Users)/[\w.]")
PACKAGE_HOST = re.compile(
    r"\b(?:pypi\.(?:org|python)|files\.python" + r"hosted|registry\.(?:npm|yarn)|crates\.io|proxy\.golang)",
    re.IGNORECASE,
)


def tracked(root: Path) -> list[Path]:
    """Files that are, or would be, committed; without a checkout all but what is made here."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=root,
            capture_output=True,
            check=True,
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        inside = (path.relative_to(root) for path in root.rglob("*"))
        names = [str(path) for path in inside if not MADE_HERE.intersection(path.parts)]
    else:
        names = listing.stdout.decode().split("\0")
    return [path for name in sorted(set(names)) if name and (path := root / name).is_file()]


def lines_of_text(root: Path) -> Iterator[tuple[str, str]]:
    for path in tracked(root):
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
                yield f"{path.relative_to(root)}:{number}", line


def test_files_are_short_or_say_why_not(root: Path) -> None:
    code = [path for path in tracked(root) if path.suffix == ".py"]
    lengths = {str(path.relative_to(root)): len(path.read_text("utf-8").splitlines()) for path in code}
    long = {name for name, length in lengths.items() if length > LONGEST}
    assert long == set(LONG_FOR_A_REASON), f"the limit is {LONGEST} lines"


def test_no_file_names_a_machine_or_a_package_host(root: Path) -> None:
    found = [
        f"{where}: {line.strip()[:100]}"
        for where, line in lines_of_text(root)
        if MACHINE_PATH.search(line) or PACKAGE_HOST.search(line)
    ]
    assert not found


def test_locks_pin_every_package_by_hash(root: Path) -> None:
    for lock in ("bootstrap", "runtime", "dev", "peers", "rewording", "security"):
        text = (root / "requirements" / f"{lock}.txt").read_text("utf-8")
        packages = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
        assert packages
        loose = [package.split("\n")[0] for package in packages if "--hash=sha256:" not in package]
        assert not loose, f"{lock}.txt"


def test_the_development_lock_agrees_with_the_runtime_lock(root: Path) -> None:
    def pins(lock: str) -> set[str]:
        text = (root / "requirements" / f"{lock}.txt").read_text("utf-8")
        return set(re.findall(r"^[a-z][\w.-]*==\S+", text, re.MULTILINE))

    assert pins("runtime") - pins("dev") == set()


def test_what_a_release_is_made_of_is_listed_and_locked_with_every_extra(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = set(project["optional-dependencies"]) - {"dev"}
    listed = re.search(r"^SBOM_EXTRAS := (\S+)$", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert listed is not None
    assert set(listed[1].split(",")) == extras
    assert "--all-extras" in (root / "tools" / "lock.sh").read_text("utf-8")


def test_the_package_and_its_metadata_tell_the_same_version(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert mastery_engine.__version__ == project["version"]
    assert f"## [{project['version']}]" in (root / "CHANGELOG.md").read_text("utf-8")
