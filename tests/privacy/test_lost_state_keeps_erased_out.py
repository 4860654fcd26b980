"""Who is erased stays erased when the state is lost, without anybody's doing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import Erasure


def test_a_home_whose_state_was_lost_opens_with_the_markers_of_erased_students(tmp_path: Path) -> None:
    settings, student = load_settings(home=tmp_path), "0" * 32

    async def erase() -> None:
        async with open_engine(settings) as engine:
            await engine.adapters.erasures.learn(
                Erasure(tenant_id="default", student=student, number=1, asked_ms=1, asked_by="1" * 32)
            )

    async def is_kept_out() -> bool:
        async with open_engine(settings) as engine:
            return bool((await engine.adapters.store.get_many([keys.erased(student)]))[0])

    asyncio.run(erase())
    assert not asyncio.run(is_kept_out())
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    assert asyncio.run(is_kept_out())
