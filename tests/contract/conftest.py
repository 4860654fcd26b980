from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mastery_engine.ports import Archive, AuditTrail, DeadLetters, ErasureLedger, Rosters
from tests.contract.factories import (
    POSTGRES,
    SYSTEMS,
    Factory,
    FakeClock,
    PostgresFactory,
    PurgingStore,
    RecordsFactory,
    RecreatedLog,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(SYSTEMS))
async def factory(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Factory]:
    made = SYSTEMS[request.param](clock, tmp_path)
    yield made
    await made.close()


@pytest.fixture(params=sorted([*SYSTEMS, POSTGRES]))
async def records(
    request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path
) -> AsyncIterator[RecordsFactory]:
    made: RecordsFactory
    if request.param == POSTGRES:
        made = PostgresFactory(clock, request.getfixturevalue("ready_postgres"))
    else:
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
async def archive(records: RecordsFactory) -> AsyncIterator[Archive]:
    made = await records.archive()
    yield made
    await made.close()


@pytest.fixture
async def letters(records: RecordsFactory) -> AsyncIterator[DeadLetters]:
    made = await records.dead_letters()
    yield made
    await made.close()


@pytest.fixture
async def audit(records: RecordsFactory) -> AsyncIterator[AuditTrail]:
    made = await records.audit()
    yield made
    await made.close()


@pytest.fixture
async def rosters(records: RecordsFactory) -> AsyncIterator[Rosters]:
    made = await records.rosters()
    yield made
    await made.close()


@pytest.fixture
async def ledger(records: RecordsFactory) -> AsyncIterator[ErasureLedger]:
    made = await records.erasures()
    yield made
    await made.close()
