from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mastery_engine.ports import Archive, AuditTrail, DeadLetters, Rosters
from tests.contract.factories import SYSTEMS, Factory, FakeClock, PurgingStore, RecreatedLog


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(SYSTEMS))
async def factory(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Factory]:
    made = SYSTEMS[request.param](clock, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def store(factory: Factory) -> AsyncIterator[PurgingStore]:
    made = await factory.state()
    yield made
    await made.close()


@pytest.fixture
async def log(factory: Factory) -> AsyncIterator[RecreatedLog]:
    made = await factory.log()
    yield made
    await made.close()


@pytest.fixture
async def archive(factory: Factory) -> AsyncIterator[Archive]:
    made = await factory.archive()
    yield made
    await made.close()


@pytest.fixture
async def letters(factory: Factory) -> AsyncIterator[DeadLetters]:
    made = await factory.dead_letters()
    yield made
    await made.close()


@pytest.fixture
async def audit(factory: Factory) -> AsyncIterator[AuditTrail]:
    made = await factory.audit()
    yield made
    await made.close()


@pytest.fixture
async def rosters(factory: Factory) -> AsyncIterator[Rosters]:
    made = await factory.rosters()
    yield made
    await made.close()
