from pathlib import Path

import pytest

from tests.cli.conftest import home, mastery, server, tidy

__all__ = ["home", "mastery", "server", "tidy"]


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
