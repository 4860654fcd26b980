"""Fixtures for all tests, and hypothesis's profiles."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tools.services.running import ensure

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


def _server(variable: str, name: str) -> str:
    """Address of a real server: the one that the environment names, or one of `make services`, started if need be."""
    return os.environ.get(variable) or ensure(name)


@pytest.fixture(scope="session")
def kafka_servers() -> str:
    """A broker."""
    return _server("MASTERY_TEST_KAFKA", "kafka")


@pytest.fixture(scope="session")
def registry_url() -> str:
    """A schema registry."""
    return _server("MASTERY_TEST_REGISTRY", "registry")


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A database to make others from."""
    return _server("MASTERY_TEST_POSTGRES", "postgres")


@pytest.fixture(scope="session")
def oulad_folder() -> Path:
    """The folder with the Open University's real data; README tells where to get it."""
    root = os.environ.get("MASTERY_TEST_DATA")
    if not root:
        pytest.skip("real data: MASTERY_TEST_DATA is not set (a folder that holds oulad/)")
    folder = Path(root).expanduser().resolve() / "oulad"
    if not folder.is_dir():
        pytest.skip(f"real data: MASTERY_TEST_DATA is set, and {folder} is no folder")
    return folder
