"""Limits that all replicas share: a list of moments for each key, judged by one script and the server's own clock."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Final, final

from mastery_engine.adapters.redis.address import RedisAddress
from mastery_engine.adapters.redis.cluster import ClusterServers, cluster_of
from mastery_engine.adapters.redis.failures import redis_errors
from mastery_engine.adapters.redis.one_server import one_server
from mastery_engine.adapters.redis.servers import Call, Servers
from mastery_engine.ports import WINDOW_SECONDS, Standing

PREFIX: Final = "limit:"
ANSWER_SECONDS: Final = 0.1
_CONNECTION_SECONDS: Final = 1.0
_MICROS: Final = 1_000_000
# The newest moment stands first, in microseconds; how many count is found by halving, since a list may hold thousands.
# A clock that was set back counts as one that stands. The key outlives its newest moment by no more than a millisecond.
_TAKE: Final = """
local window, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local size = redis.call('LLEN', KEYS[1])
local function at(index) return tonumber(redis.call('LINDEX', KEYS[1], index)) end
if size > 0 then now = math.max(now, at(0)) end
local count, high = 0, size
while count < high do
  local middle = math.floor((count + high) / 2)
  if at(middle) + window > now then count = middle + 1 else high = middle end
end
if count == 0 then redis.call('DEL', KEYS[1]) elseif count < size then redis.call('LTRIM', KEYS[1], 0, count - 1) end
local passed = 0
if count < most then
  redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], window / 1000 + 1)
  passed, count = 1, count + 1
end
return {passed, math.max(most - count, 0), at(math.min(count, most) - 1) + window - now}
"""


def open_redis_limits(
    address: RedisAddress, setting: str, answer_seconds: float = ANSWER_SECONDS
) -> RedisLimits:
    """Limits on the servers of an address; they connect when somebody comes.

    Args:
        address: Which servers.
        setting: Variable that names them.
        answer_seconds: Longest that anybody waits for an answer, with the wait for a connection.
    """
    # Losing a minute's count does no harm: no replica is waited for. A connection that hangs is given up soon after its caller.
    seconds = min(address.timeout, max(_CONNECTION_SECONDS, answer_seconds))
    brief = replace(address, replicas=0, timeout=seconds)
    servers: Servers = (
        ClusterServers(cluster_of(brief)) if address.topology == "cluster" else one_server(brief)
    )
    return RedisLimits(servers, address.shown, setting, answer_seconds)


@final
class RedisLimits:
    """One round trip for each who comes. In a cluster a key lies alone, wherever its slot is."""

    def __init__(self, servers: Servers, shown: str, setting: str, answer_seconds: float) -> None:
        """Wrap the servers; they are closed with this.

        Args:
            servers: Asked.
            shown: The servers as they may be shown.
            setting: Variable that names them.
            answer_seconds: Longest that anybody waits.
        """
        self._servers = servers
        self._shown = shown
        self._setting = setting
        self._answer_seconds = answer_seconds

    async def take(self, key: str, most: int) -> Standing:
        call = Call(_TAKE, [PREFIX + key], [WINDOW_SECONDS * _MICROS, most])
        with redis_errors(self._shown, self._setting):
            async with asyncio.timeout(self._answer_seconds):
                ((passed, remaining, micros),) = await self._servers.run([call], durably=False)
        return Standing(bool(passed), int(remaining), max(1, math.ceil(int(micros) / 1_000)))

    async def ping(self) -> None:
        with redis_errors(self._shown, self._setting):
            async with asyncio.timeout(self._answer_seconds):
                await self._servers.time_ms()

    async def close(self) -> None:
        await self._servers.close()
