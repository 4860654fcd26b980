"""URLs with secrets in them: what of them is shown."""

from __future__ import annotations

import pytest

from mastery_engine.config import load_settings, without_secrets
from mastery_engine.domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@host/0", "redis://***@host/0"),
        ("postgresql://user:hunt@er2@host/db", "postgresql://***@host/db"),
        ("postgresql://user:hunt/er?2#@host/db", "postgresql://***@host/db"),
        ("postgresql://user:hunter2@host/db?password=hunter2", "postgresql://***@host/db?***"),
        ("kafka://host:9092?sasl.password=hunter2", "kafka://host:9092?***"),
        ("redis:/user:hunter2@host/0", "redis:/***@host/0"),
        ("redis:user:hunter2@host/0", "redis:***@host/0"),
        ("user:hunter2@host/0", "user:***@host/0"),
        ("sqlite:///folder", "sqlite:///folder"),
        ("memory://", "memory://"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_an_error_about_a_url_does_not_tell_its_password() -> None:
    with pytest.raises(ConfigurationError) as refused:
        _ = load_settings(store_url="rodis://:hunter2@host/0").database_folder
    assert "hunter2" not in refused.value.message
