"""`mastery archive retention`: a look by default, in files and in PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.domain.calendar import DAY_MS
from tests.cli.conftest import Mastery
from tests.contract.test_archive import event

TODAY = int(datetime.now(UTC).timestamp() * 1_000) // DAY_MS


@pytest.fixture(params=["files", "postgres"])
def kept(request: pytest.FixtureRequest, mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> Mastery:
    if request.param == "postgres":
        monkeypatch.setenv("MASTERY_ARCHIVE_URL", request.getfixturevalue("ready_postgres"))
    assert mastery("tenant", "create", "north", "--retention", "30").code == 0
    assert mastery("tenant", "create", "forever", "--retention", "none").code == 0

    async def fill() -> None:
        async with open_engine(load_settings()) as engine:
            for tenant in ("default", "north", "forever"):
                events = [event(age, tenant=tenant, day=TODAY - age) for age in (0, 20, 40, 50, 500)]
                await engine.adapters.archive.add(events)

    asyncio.run(fill())
    return mastery


def test_days_that_would_go_are_shown_and_go_with_apply(kept: Mastery) -> None:
    looked = {one["tenant_id"]: one for one in kept("archive", "retention", "--json").data}
    assert {name: len(one["days"]) for name, one in looked.items()} == {
        "default": 1,
        "forever": 0,
        "north": 3,
    }
    assert all(one["dropped"] is None for one in looked.values())
    page = kept("archive", "retention").out
    assert "north: 30 days are kept" in page
    assert "3 days with 3 events would go" in page
    assert "forever: keeps everything" in page
    assert "nothing was dropped; drop them with --apply" in page
    one = kept("archive", "retention", "--tenant", "north", "--apply").out
    assert "3 days with 3 events went" in one
    assert "default" not in one
    rest = kept("archive", "retention", "--apply", "--json").data
    assert {old["tenant_id"]: old["dropped"] for old in rest} == {"default": 1, "forever": 0, "north": 0}
    again = kept("archive", "retention").out
    assert "nothing older is there" in again
    assert "--apply" not in again
    records = kept("audit", "list", "--tenant", "north", "--json").data
    assert "archive.drop" in [one["action"] for one in records]
    assert kept("audit", "verify").code == 0


def test_a_school_that_is_not_there_is_named(mastery: Mastery) -> None:
    done = mastery("archive", "retention", "--tenant", "nowhere")
    assert done.code == 4
    assert "no tenant 'nowhere'" in done.err
