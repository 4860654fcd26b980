"""Reading the settings, and saying what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from mastery_engine.config.settings import PREFIX, Settings
from mastery_engine.domain.errors import ConfigurationError

_OTHERS: Final = frozenset({"SERVER", "TOKEN", "TOKEN_FILE"})
"""Of the command line, where it asks a service."""
_OF_TESTS: Final = "MASTERY_TEST_"
_ALIKE: Final = 0.7


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


def unknown_variables(names: Iterable[str]) -> Iterator[str]:
    """What to say of variables of the environment that look like settings and are none: one may be misspelt.

    Args:
        names: Of all variables.
    """
    known = {name.upper() for name in Settings.model_fields} | _OTHERS
    for name in sorted(names):
        short = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and not name.startswith(_OF_TESTS) and short not in known:
            begun = [one for one in sorted(known) if short.startswith(one) or one.startswith(short)]
            alike = get_close_matches(short, known, 1, _ALIKE) or (begun if len(begun) == 1 else [])
            words = f"; is {PREFIX}{alike[0]} meant?" if alike else ""
            yield f"{name} is no setting and is passed over{words}"
