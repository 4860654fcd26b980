from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from mastery_engine.engine.audit_verify import check_trail
from tests.api.school import School, open_school
from tests.security.audit_places import SEALS, Place, entry, in_files, on_a_server
from tests.security.issuer import Issuer, issuer
from tests.security.token_smith import ec_jwk, ec_key, rsa_jwk, rsa_key


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    async with open_school() as opened:
        yield opened


@pytest.fixture
def sso() -> Generator[Issuer]:
    with issuer() as told:
        told.give(rsa_jwk(rsa_key()), ec_jwk(ec_key()))
        yield told


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Place]:
    """Three days of two schools."""
    opened = (
        in_files(tmp_path / "home")
        if request.param == "sqlite"
        else on_a_server(request.getfixturevalue("ready_postgres"))
    )
    async with opened as made:
        for day in range(3):
            for number in range(4):
                await made.trail.append([entry(day, number, "north"), entry(day, number, "south")])
        assert all(report.holds for report in await check_trail(made.trail, SEALS))
        yield made
