"""Records on Kafka with ids that would lead out of their prefix: dead letters, as JSON and as Avro, and no key in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from mastery_engine.contracts.event_json import encode_event
from mastery_engine.ports import NewRecord
from tests.security.ids import bad_ids
from tests.unit.engine.house import quiz
from tools.installation import Installation, archive, fold

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")


@pytest.mark.parametrize("name", ["student_id", "tenant_id"])
async def test_none_of_them_counts(installation: Installation, name: str) -> None:
    events = [
        msgspec.structs.replace(quiz(number, when=WHEN), **{name: bad})
        for number, bad in enumerate(bad_ids(name))
    ]
    async with installation.engine() as engine:
        # The encoder takes what the types would refuse, as another maker's may.
        values = [*await engine.adapters.codec.encode(events), *map(encode_event, events)]
        await engine.adapters.log.append([NewRecord(b"student:ann", value) for value in values])
        await fold(engine)
        await archive(engine)
        letters = await engine.adapters.dead_letters.find(limit=1_000)
        assert sorted(bytes(one.payload) for one in letters) == sorted(values)
        assert {one.kind for one in letters} == {"validation"}
        assert [key async for batch in engine.adapters.store.scan("") for key in batch] == []
