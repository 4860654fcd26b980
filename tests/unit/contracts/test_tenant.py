"""Settings of a school."""

from __future__ import annotations

import msgspec
import pytest

from mastery_engine.contracts.tenant import DEFAULT, Tenant, decode_tenant, encode_tenant
from mastery_engine.domain.errors import InvalidInput

NAMED = "must be 1 to 50 of a-z, 0-9, _ and -, and begin with a letter or digit"


def test_a_tenant_comes_back_as_it_went() -> None:
    tenant = Tenant(
        tenant_id="north",
        retention_days=None,
        time_zone="Europe/Berlin",
        formula="adr-004-observed",
        created_ms=7,
    )
    assert decode_tenant(encode_tenant(tenant)) == tenant


def test_the_default_tenant_keeps_90_days_in_utc_under_the_adrs_formula() -> None:
    assert msgspec.to_builtins(DEFAULT) == {
        "tenant_id": "default",
        "retention_days": 90,
        "time_zone": "UTC",
        "formula": "adr-004",
        "created_ms": 0,
    }
    DEFAULT.check()


@pytest.mark.parametrize("name", ["a", "7", "north-7_b", "a" * 50])
def test_names_may_be_like_this(name: str) -> None:
    Tenant(tenant_id=name).check()


@pytest.mark.parametrize("name", ["", "A", "-a", "_a", "a b", "a" * 51, "a\n", "ä", "a:b"])
def test_names_may_not_be_like_this(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Tenant(tenant_id=name).check()
    assert refused.value.message == f"tenant_id = {name}: {NAMED}"


@pytest.mark.parametrize("days", [30, 36_500, None])
def test_a_retention_may_be_30_days_to_a_century_or_none(days: int | None) -> None:
    Tenant(tenant_id="a", retention_days=days).check()


@pytest.mark.parametrize("days", [29, 36_501, 0, -1])
def test_a_retention_out_of_its_bounds_is_refused(days: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        Tenant(tenant_id="a", retention_days=days).check()
    assert refused.value.message == f"retention_days = {days}: must be 30 to 36500 days, or none"


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "Europe", "../etc/passwd", "localtime", "posixrules", "Factory"]
)
def test_everything_that_is_wrong_is_told_at_once(zone: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Tenant(tenant_id="A" * 200, retention_days=1, time_zone=zone).check()
    assert [problem.field for problem in refused.value.problems] == [
        "tenant_id",
        "retention_days",
        "time_zone",
    ]
    assert refused.value.problems[0].value == "A" * 100


def test_the_rules_follow_from_the_settings() -> None:
    rules = Tenant(tenant_id="a", time_zone="Asia/Tokyo", retention_days=30).rules()
    assert (rules.calendar.name, rules.retention_days) == ("Asia/Tokyo", 30)
