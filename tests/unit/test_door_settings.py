"""Settings of the doors: several networks and origins, and none that would open a door to everybody."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mastery_engine.domain.errors import ConfigurationError
from tests.api.school import trial_settings


def test_several_are_named_with_commas() -> None:
    settings = trial_settings(
        trusted_proxies="10.0.0.0/8, ::1", cors_origins="https://a.example, http://[::1]:8080"
    )
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.cors_origins == ("https://a.example", "http://[::1]:8080")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cors_origins", "*"),
        ("cors_origins", "https://*.example"),
        ("cors_origins", "null"),
        ("cors_origins", "https://school.example/"),
        ("cors_origins", "https://School.example"),
        ("cors_origins", "https://school.example:443"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("trusted_proxies", "proxy.example"),
        ("trusted_proxies", "0.0.0.0/0"),
        ("trusted_proxies", "::/0"),
        ("rates", {"query": {"student": 0}}),
        ("rates", {"query": {"nobody": 1}}),
        ("request_seconds", 0),
    ],
)
def test_what_would_open_the_door_too_wide_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"MASTERY_{name.upper()}"):
        trial_settings(**{name: value})
