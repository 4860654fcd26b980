from collections.abc import AsyncGenerator

import pytest

from tests.api.school import School, open_school
from tests.mcp_door.tools_of import Tools


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    """Amal with four days, and Dee, who is in no class."""
    async with open_school() as opened:
        await opened.teach_for_days("amal", 4)
        await opened.teach("dee")
        yield opened


@pytest.fixture
def tools(school: School) -> Tools:
    return Tools(school)
