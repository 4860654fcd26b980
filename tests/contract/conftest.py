from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from mastery_engine.bootstrap.targets import open_target
from mastery_engine.ports import (
    WHOLE,
    Archive,
    AuditTrail,
    BackupTarget,
    DeadLetters,
    ErasureLedger,
    EventLog,
    LogConsumer,
    PrivacyRequests,
    Rosters,
    Share,
    TenantBook,
)
from tests.contract.dapr_sidecar import DaprStates
from tests.contract.factories import (
    POSTGRES,
    SYSTEMS,
    Factory,
    FakeClock,
    PostgresFactory,
    PurgingStore,
    RecordsFactory,
    StateFactory,
)
from tests.contract.redis_server import RedisStates
from tests.contract.topics import Topics, topics_of

Join = Callable[..., LogConsumer]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(SYSTEMS))
async def factory(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Factory]:
    made = SYSTEMS[request.param](clock, tmp_path)
    yield made
    await made.close()


@pytest.fixture(params=[*sorted(SYSTEMS), "redis", "dapr"])
async def states(
    request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path
) -> AsyncIterator[StateFactory]:
    """Makes state stores, each empty."""
    made: StateFactory
    if request.param == "redis":
        made = RedisStates(clock, request.getfixturevalue("redis_url"))
    elif request.param == "dapr":
        made = DaprStates(
            clock, request.getfixturevalue("dapr_sidecar"), request.getfixturevalue("redis_url")
        )
    else:
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


@pytest.fixture(params=[*sorted(SYSTEMS), "kafka"])
async def topics(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Topics]:
    made = topics_of(request, clock, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def log(topics: Topics) -> EventLog:
    return await topics.log()


@pytest.fixture
async def join(log: EventLog) -> AsyncIterator[Join]:
    """Makes consumers, of groups that no other test has."""
    run = uuid4().hex
    made: list[LogConsumer] = []

    def joined(group: str = "g", share: Share = WHOLE) -> LogConsumer:
        made.append(log.consumer(f"{group}-{run}", share))
        return made[-1]

    yield joined
    for consumer in made:
        await consumer.close()


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


@pytest.fixture
async def book(records: RecordsFactory) -> AsyncIterator[TenantBook]:
    made = await records.tenant_book()
    yield made
    await made.close()


@pytest.fixture
async def requests(records: RecordsFactory) -> AsyncIterator[PrivacyRequests]:
    made = await records.privacy_requests()
    yield made
    await made.close()


@pytest.fixture(params=["folder", "s3"])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BackupTarget]:
    """An empty place for a backup."""
    url = request.getfixturevalue("s3_url") if request.param == "s3" else str(tmp_path / "new" / "backup")
    async with open_target(url) as made:
        yield made
