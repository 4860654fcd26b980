"""A state store behind a sidecar that everybody shares."""

from uuid import uuid4

from mastery_engine.adapters.dapr.address import read_address
from mastery_engine.adapters.dapr.state import DaprStateStore
from mastery_engine.adapters.redis.address import read_address as read_redis_address
from mastery_engine.adapters.redis.state import open_redis_store
from mastery_engine.bootstrap.dapr import ComponentKeys
from mastery_engine.ports import StateStore
from tests.contract.factories import FakeClock, PurgingStore
from tests.contract.redis_server import ServerOfItsOwn


class DaprStates:
    """Makes state stores on one component; its Redis lists the keys, and is told of time."""

    expires_by_itself = True
    forgets_versions = True

    def __init__(self, clock: FakeClock, sidecar: str, redis_url: str) -> None:
        self._clock = clock
        self._url = f"dapr://{sidecar}/statestore"
        self._redis_url = redis_url
        self._listings: list[StateStore] = []

    async def state(self) -> PurgingStore:
        raw = open_redis_store(read_redis_address("MASTERY_STORE_URL", self._redis_url), self._clock)
        self._listings.append(raw)
        address = read_address("MASTERY_STORE_URL", self._url, {})
        store = DaprStateStore(address, "", lambda ours: ComponentKeys(raw, ours))
        return ServerOfItsOwn(store, self._clock, self._redis_url, f"test:{uuid4().hex}:")

    async def close(self) -> None:
        for raw in self._listings:
            await raw.close()
