"""Who follows a student in one process is told of what another one folds, and goes on in a third."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.config import Settings
from mastery_engine.engine.live_moments import Admission, Beat, Following, Moment, Told
from mastery_engine.engine.live_updates import LiveStream
from tests.integration.kafka_house import DEADLINE_SECONDS, until
from tests.integration.telling import Telling
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import caller
from tools.installation import Installation, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
FOR_LONG = 1 << 52


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[Engine]:
    """An engine as a process that serves has it, once it follows the results."""

    async def follows() -> bool:
        return engine.cached is not None and engine.cached.trouble is None

    async with open_engine(settings, serves=True) as engine:
        await until(follows)
        yield engine


async def followed(engine: Engine, since: str | None = None) -> LiveStream:
    async def holds() -> bool:
        return True

    asked = Following(student_id="ann", since=since)
    return await engine.live_updates.open(caller(), asked, Admission(FOR_LONG, holds))


async def told(stream: LiveStream, events: int) -> Told:
    """The update that rests on so many events and has a place."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for moment in stream:
            if isinstance(moment, Told) and moment.result.events == events and moment.place is not None:
                return moment
    raise AssertionError("the stream has ended")


async def first(stream: LiveStream) -> Moment:
    return await anext(stream)


async def test_what_a_worker_folds_elsewhere_is_told_and_the_stream_goes_on_in_another_process(
    installation: Installation,
) -> None:
    async with Telling(installation, "worker"), serving(installation.settings) as engine:
        await send(engine, [quiz(1, when=WHEN)])

        async def seen() -> bool:
            found = await engine.learners.many(["student:ann:profile:current_mastery"])
            await engine.learners.refresh(["student:ann:profile:current_mastery"])
            return found != [None]

        await until(seen)
        stream = await followed(engine)
        await send(engine, [quiz(2, when=WHEN)])
        update = await told(stream, 2)
        stream.close()
        async with serving(installation.settings) as other:
            # It has followed for a moment only and cannot tell what came before: a snapshot, which says so.
            again = await followed(other, update.place)
            moment = await first(again)
            assert isinstance(moment, Told)
            assert moment.kind == "snapshot"
            await send(other, [quiz(3, when=WHEN)])
            newest = await told(again, 3)
            again.close()
            resumed = await followed(other, newest.place)
            assert isinstance(await first(resumed), Beat)
            resumed.close()
            late = await followed(other, update.place)
            missed = await first(late)
            assert isinstance(missed, Told)
            assert (missed.kind, missed.result.events) == ("update", 3)
            late.close()


async def test_in_files_too_results_of_another_engine_are_told(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path})
    async with open_engine(settings) as folding, serving(settings) as engine, folding.folding() as worker:
        await send(folding, [quiz(1, when=WHEN)])
        await worker.drain()
        stream = await followed(engine)
        assert isinstance(await first(stream), Told)
        await send(folding, [quiz(2, when=WHEN)])
        await worker.drain()
        update = await told(stream, 2)
        assert update.kind == "update"
        stream.close()
        assert engine.live is not None
        assert engine.live.open == 0
