from pathlib import Path

import pytest

from tests.cli.conftest import home, mastery

__all__ = ["home", "mastery"]


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
