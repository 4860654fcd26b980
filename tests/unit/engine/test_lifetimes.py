"""How long keys live."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.lifetimes import DAY_SECONDS, Lifetimes

NOW = 20_000 * DAY_MS
OPEN = Tenant(tenant_id="open", retention_days=None)


@pytest.mark.parametrize(
    ("newest", "seconds"),
    [
        (NOW, 90 * DAY_SECONDS),
        (NOW - DAY_MS, 89 * DAY_SECONDS),
        (NOW - 90 * DAY_MS, 60),
        (NOW - 200 * DAY_MS, 60),
        (-1, 90 * DAY_SECONDS),
    ],
)
def test_a_document_lives_the_retention_after_its_newest_event(newest: int, seconds: int) -> None:
    assert Lifetimes().document(DEFAULT, newest, NOW) == seconds


def test_a_day_lives_the_retention_after_its_end() -> None:
    lifetimes = Lifetimes()
    assert lifetimes.day(DEFAULT, 20_000, NOW) == 91 * DAY_SECONDS
    assert lifetimes.day(DEFAULT, 19_909, NOW) == 0
    assert lifetimes.day(DEFAULT, 19_908, NOW) == -DAY_SECONDS


def test_a_day_ends_where_the_school_is() -> None:
    lifetimes, hour = Lifetimes(), 3_600
    for zone, hours in (("Asia/Tokyo", -9), ("America/Lima", 5)):
        school = Tenant(tenant_id="far", time_zone=zone)
        assert lifetimes.day(school, 20_000, NOW) == 91 * DAY_SECONDS + hours * hour


def test_processed_records_live_as_the_log_says_or_as_long_as_the_archive() -> None:
    assert Lifetimes(14 * DAY_SECONDS).processed(OPEN) == 14 * DAY_SECONDS
    assert Lifetimes().processed(DEFAULT) == 90 * DAY_SECONDS


def test_where_nothing_expires_nothing_does() -> None:
    lifetimes = Lifetimes()
    assert lifetimes.document(OPEN, NOW, NOW) is None
    assert lifetimes.day(OPEN, 1, NOW) is None
    assert lifetimes.processed(OPEN) is None


def test_recent_activity_lives_a_month_wherever_the_rest_lives_longer() -> None:
    assert Lifetimes().recent_activity() == 30 * DAY_SECONDS
