from collections.abc import AsyncGenerator

import pytest

from tests.api.school import School, open_school


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    async with open_school() as opened:
        yield opened
