"""Reading the settings, and saying what is wrong with them."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from mastery_engine.config.settings import PREFIX, Settings
from mastery_engine.domain.errors import ConfigurationError


def load_settings(**given: Any) -> Settings:
    """Read the settings.

    Args:
        given: Settings that go before environment and file.

    Raises:
        ConfigurationError: A setting is not valid, every one is named; or the file cannot be read.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        found = "; ".join(
            f"{PREFIX}{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"settings are not valid: {found}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the settings file cannot be read: {error}") from None
