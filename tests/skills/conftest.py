from pathlib import Path

import pytest

from tests.cli.conftest import home, mastery, tidy

__all__ = ["home", "mastery", "tidy"]


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
