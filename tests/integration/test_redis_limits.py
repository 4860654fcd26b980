"""Limits in a cluster, and in a Redis that is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.limits import open_redis_limits
from mastery_engine.domain.errors import DependencyDown
from tests.integration.redis_cluster import cluster_of_three
from tools.own_redis import OwnRedis

PATIENT_SECONDS = 20.0


@pytest.mark.slow
async def test_in_a_cluster_each_caller_is_counted_wherever_the_key_lies(tmp_path: Path) -> None:
    async with cluster_of_three(tmp_path) as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        limits = open_redis_limits(read_address("X", url), "X", PATIENT_SECONDS)
        await limits.ping()
        for who in map(str, range(12)):
            told = [(await limits.take(who, 2)).passed for _ in range(3)]
            assert told == [True, True, False]
        for node in nodes:
            assert await node.tell("DBSIZE") > 0
        await limits.close()


async def test_who_does_not_answer_is_waited_for_briefly(own_redis: OwnRedis) -> None:
    limits = open_redis_limits(read_address("MASTERY_LIMITS_URL", own_redis.url), "MASTERY_LIMITS_URL", 0.02)
    own_redis.freeze()
    with pytest.raises(DependencyDown, match=r"does not answer.*MASTERY_LIMITS_URL"):
        await limits.take("one", 1)
    with pytest.raises(DependencyDown):
        await limits.ping()
    own_redis.thaw()
    await own_redis.kill()
    with pytest.raises(DependencyDown):
        await limits.take("one", 1)
    await limits.close()
