"""Settings of the doors for a Dapr sidecar."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.memory import MemoryArchive
from mastery_engine.bootstrap.dapr import dapr_store
from mastery_engine.bootstrap.dapr_doors import doors_of
from mastery_engine.config import DAPRS_OWN, load_settings
from mastery_engine.domain.errors import ConfigurationError


def test_the_sidecars_token_is_that_which_the_sidecar_reads_unless_another_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path))
    monkeypatch.setenv(DAPRS_OWN, "of-the-sidecar")
    assert load_settings().dapr_app_token == SecretStr("of-the-sidecar")
    monkeypatch.setenv("MASTERY_DAPR_APP_TOKEN", "of-ours")
    assert load_settings().dapr_app_token == SecretStr("of-ours")
    assert "of-ours" not in repr(load_settings())
    monkeypatch.setenv(DAPRS_OWN, "")
    monkeypatch.setenv("MASTERY_DAPR_APP_TOKEN", "")
    assert load_settings().dapr_app_token is None


@pytest.mark.parametrize(
    ("env", "token", "doors"),
    [
        ("development", None, "machine"),
        ("development", "t", "token"),
        ("production", None, "closed"),
        ("production", "t" * 32, "token"),
    ],
)
def test_the_doors_are_open_to_whoever_the_settings_say(
    env: str, token: str | None, doors: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DAPRS_OWN, raising=False)
    assert doors_of(load_settings(home=tmp_path, env=env, dapr_app_token=token)) == doors


@pytest.mark.parametrize("name", ["Pub", "a b", "a/b", "a" * 101])
def test_a_name_that_no_component_has_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MASTERY_DAPR_PUBSUB"):
        load_settings(home=tmp_path, dapr_pubsub=name)


@pytest.mark.parametrize("token", ["of-a-file\n", "schlüssel", "a\tb"])
async def test_a_token_that_no_header_holds_is_refused_without_being_told(token: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, store_url="dapr://statestore", dapr_api_token=token)
    with pytest.raises(ConfigurationError, match="MASTERY_DAPR_API_TOKEN or DAPR_API_TOKEN") as refused:
        async with AsyncExitStack() as stack:
            dapr_store(settings, SystemClock(), stack, MemoryArchive())
    assert token.strip() not in refused.value.message
