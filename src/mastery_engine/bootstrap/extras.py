"""Libraries that only a part of the installations has."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from mastery_engine.domain.errors import ConfigurationError


def require(extra: str, libraries: Iterable[str], user: str) -> None:
    """Refuse to go on without the libraries of an extra.

    Args:
        extra: Its name, as in `pip install 'mastery-engine[extra]'`.
        libraries: As they are imported.
        user: What needs them, as the message begins.

    Raises:
        ConfigurationError: Some are not installed.
    """
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"{user} needs {', '.join(missing)}; install it with `pip install 'mastery-engine[{extra}]'`"
        )
