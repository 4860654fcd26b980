"""Settings of the model that rewords: what would let somebody listen, or could not be asked, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.domain.errors import ConfigurationError

GOOD: dict[str, Any] = {"rewording_url": "https://models.example/v1", "rewording_model": "small"}


def refused(tmp_path: Path, **given: Any) -> str:
    settings = load_settings(home=tmp_path, **(GOOD | given))
    with pytest.raises(ConfigurationError) as error:
        settings.check_rewording()
    return error.value.message


@pytest.mark.parametrize("env", ["development", "production"])
@pytest.mark.parametrize(
    "url",
    [
        "https://models.example/v1",
        "https://models.example:8443",
        "http://127.0.0.1:8080/v1",
        "http://[::1]/v1",
        "http://localhost/v1",
    ],
)
def test_https_and_this_machine_are_taken(tmp_path: Path, env: str, url: str) -> None:
    settings = load_settings(home=tmp_path, env=env, **(GOOD | {"rewording_url": url}))
    settings.check_rewording()
    assert settings.rewording_url == url


@pytest.mark.parametrize("end", ["/chat/completions", "/chat/completions/"])
def test_what_is_added_by_itself_is_refused_rather_than_asked_for_twice(tmp_path: Path, end: str) -> None:
    assert "must end before /chat/completions" in refused(
        tmp_path, rewording_url=f"https://models.example/v1{end}"
    )


@pytest.mark.parametrize("env", ["development", "production"])
@pytest.mark.parametrize(
    "url",
    [
        "http://models.example/v1",
        "http://10.0.0.7/v1",
        "http://127.0.0.1.models.example/v1",
        "http://localhost.example/v1",
        "http://0.0.0.0/v1",
    ],
)
def test_plain_http_to_another_machine_is_refused(tmp_path: Path, env: str, url: str) -> None:
    assert "must be https" in refused(tmp_path, env=env, rewording_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "models.example/v1",
        "ftp://models.example",
        "https://",
        "https://me:{}@models.example/v1",
        "https://models.example/v1?key=hush",
        "https://models.example/v1#hush",
        "https://models.example:x/v1",
        "https://models.example/v1\nhush",
        "https://[::1/v1",
    ],
)
def test_what_is_no_endpoint_is_refused_and_no_secret_of_it_told(tmp_path: Path, url: str) -> None:
    said = refused(tmp_path, rewording_url=url.format("hush"))
    assert "is no endpoint" in said
    assert ":hush" not in said
    assert "key=hush" not in said


def test_an_endpoint_without_a_model_is_refused(tmp_path: Path) -> None:
    assert "MASTERY_REWORDING_MODEL" in refused(tmp_path, rewording_model="")


@pytest.mark.parametrize("key", ["hush\nHost: evil", "hush ", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_told(tmp_path: Path, key: str) -> None:
    said = refused(tmp_path, rewording_api_key=key)
    assert "MASTERY_REWORDING_API_KEY" in said
    assert key not in said


async def test_nothing_starts_with_an_unsafe_endpoint() -> None:
    settings = load_settings(
        home="no-such-home", store_url="memory://", rewording_url="http://models.example", rewording_model="m"
    )
    with pytest.raises(ConfigurationError, match="must be https"):
        async with open_engine(settings):
            pass


async def test_a_key_is_shown_nowhere(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, rewording_api_key="hush-hush", **GOOD)
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hush-hush" not in shown
