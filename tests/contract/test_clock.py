"""The machine's clock keeps to the port."""

import time

from mastery_engine.adapters.clock import SystemClock


async def test_the_system_clock_tells_the_machines_time() -> None:
    clock = SystemClock()
    before = time.time()
    now = clock.now_ms()
    assert int(before * 1_000) <= now <= int(time.time() * 1_000) + 1


async def test_sleep_lets_at_least_that_much_time_pass() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - began >= 0.009
