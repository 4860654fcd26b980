"""Advisories of what we depend on: none known, known, and nobody asked are three different answers."""

import subprocess
from collections.abc import Callable

import pytest

from tools import advisories

Told = Callable[[str], None]
SAFE = '{"name": "one", "version": "1.0", "vulns": []}'
KNOWN = '{"name": "two", "version": "2.0", "vulns": [{"id": "PYSEC-1"}]}'
SKIPPED = '{"name": "three", "skip_reason": "not found"}'


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    def tell(stdout: str) -> None:
        def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
            del options
            return subprocess.CompletedProcess(command, 0, stdout)

        monkeypatch.setattr(subprocess, "run", run)

    return tell


@pytest.mark.parametrize(
    ("stdout", "code", "words"),
    [
        (f'{{"dependencies": [{SAFE}]}}', 0, "none known of 1 packages"),
        (f'{{"dependencies": [{SAFE}, {KNOWN}]}}', 1, "two 2.0: PYSEC-1"),
        (f'{{"dependencies": [{SAFE}, {SKIPPED}]}}', 75, "NOT ASKED about 1 of 2 packages"),
        (f'{{"dependencies": [{KNOWN}, {SKIPPED}]}}', 1, "two 2.0: PYSEC-1"),
        ("", 75, "NOT ASKED about any package"),
    ],
)
def test_each_outcome_is_told_apart(
    told: Told, capsys: pytest.CaptureFixture[str], stdout: str, code: int, words: str
) -> None:
    told(stdout)
    assert advisories.main(["--strict", "lock.txt"]) == code
    assert words in capsys.readouterr().out


def test_nobody_asked_is_no_failure_unless_it_is_wanted_so(told: Told) -> None:
    told("")
    assert advisories.main(["lock.txt"]) == 0
