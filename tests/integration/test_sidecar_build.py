"""The program of a Dapr sidecar is built where there is a Go for it, and what hinders that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.services import daprd, places
from tools.services.failures import ServiceError


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which the sidecar was never built, and where a Go is found in this folder only."""
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(daprd, "_USUAL", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tmp_path / "bin" / "go"


def put(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_sidecar_cannot_be_built_without_go_and_it_is_said_where_to_get_it(unbuilt: Path) -> None:
    with pytest.raises(ServiceError, match=r"not found on this machine: go, .*install Go 1\.22 or newer"):
        daprd.program()
    put(unbuilt, "echo go version go1.19.8 linux/amd64")
    with pytest.raises(ServiceError, match=r"is Go 1\.19, too old; install Go 1\.22"):
        daprd.program()


def test_a_sidecar_that_does_not_build_is_told_with_the_words_of_go_and_built_the_next_time(
    unbuilt: Path,
) -> None:
    told: list[str] = []
    put(
        unbuilt, 'test "$1" = build || exec echo go version go1.22.6 linux/amd64; echo no such module; exit 1'
    )
    with pytest.raises(ServiceError, match=r"go build .* ended with 1:\nno such module"):
        daprd.program(told.append)
    assert "7 minutes" in told[0]
    put(unbuilt, 'test "$1" = build || exec echo go version go1.22.6 linux/amd64; touch "$7/daprd"')
    assert daprd.program().exists()
