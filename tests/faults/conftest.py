from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tools.installation import Installation


@pytest.fixture
async def installation(kafka_servers: str, registry_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    made = Installation(kafka_servers, registry_url, tmp_path)
    await made.prepare()
    yield made
    await made.remove()
