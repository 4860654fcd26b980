from collections.abc import AsyncGenerator, Generator

import pytest

from tests.api.school import School, open_school
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
