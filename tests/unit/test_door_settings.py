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


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("https://school.example/", "https://school.example"),
        ("https://school.example/a/mastery/", "https://school.example/a/mastery"),
        ("http://[::1]:8080/m", "http://[::1]:8080/m"),
    ],
)
def test_the_public_address_may_have_a_path_and_ends_without_a_slash(given: str, kept: str) -> None:
    assert trial_settings(public_url=given).public_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "school.example",
        "ftp://school.example",
        "https://",
        "https://School.example",
        "https://school.example:443",
        "https://school.example/a//b",
        "https://school.example/?of=a",
        "https://school.example/#a",
        "https://head:secret@school.example",
    ],
)
def test_what_is_no_public_address_is_told_with_one_that_is_and_not_said_again(given: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"MASTERY_PUBLIC_URL.*https://school\.example/mastery"
    ) as told:
        trial_settings(public_url=given)
    assert "secret" not in str(told.value)
