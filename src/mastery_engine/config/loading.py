"""Reading the settings, and saying what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Collection, Container, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from mastery_engine.config.settings import PREFIX, Settings
from mastery_engine.config.settings_file import file_of, place_of
from mastery_engine.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
        file = file_of({**EnvSettingsSource(Settings)(), **given})
        found = "; ".join(_told(item, file, given) for item in error.errors())
        raise ConfigurationError(f"settings are not valid: {found}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the settings cannot be read: {error}") from None


def _told(item: ErrorDetails, file: Path, given: Container[str]) -> str:
    """What is wrong with a setting, and where it stands; its value may be a secret and is not told."""
    path = ".".join(map(str, item["loc"]))
    name = str(item["loc"][0])
    outside = name in given or os.environ.get(f"{PREFIX}{name.upper()}")
    place = None if outside else place_of(name, file)
    if place is None:
        return f"{PREFIX}{path.upper()}: {item['msg']}"
    if item["type"] != "extra_forbidden":
        return f"{path} in {place}: {item['msg']}"
    meant = _meant(name.lower().removeprefix(PREFIX.lower()), Settings.model_fields)
    return f"{name} in {place}, is no setting{f'; is {meant} meant?' if meant else ''}"


def unknown_variables(names: Iterable[str]) -> Iterator[str]:
    """What to say of variables of the environment that look like settings and are none: one may be misspelt.

    Args:
        names: Of all variables.
    """
    known = {name.upper() for name in Settings.model_fields} | _OTHERS
    for name in sorted(names):
        short = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and not name.startswith(_OF_TESTS) and short not in known:
            meant = _meant(short, known)
            words = f"; is {PREFIX}{meant} meant?" if meant else ""
            yield f"{name} is no setting and is passed over{words}"


def _meant(name: str, known: Collection[str]) -> str:
    """The setting that is like a name that is none; empty if none is."""
    begun = [one for one in known if name.startswith(one) or one.startswith(name)]
    alike = get_close_matches(name, known, 1, _ALIKE) or (begun if len(begun) == 1 else [])
    return alike[0] if alike else ""
