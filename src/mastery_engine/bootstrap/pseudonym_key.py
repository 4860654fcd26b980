"""The key of the hashes that stand for students."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.config import Settings
from mastery_engine.domain.errors import ConfigurationError

PSEUDONYM_KEY_FILE: Final = "pseudonym.key"


def pseudonym_key(settings: Settings) -> bytes:
    """The key of the settings; embedded, one of its own in a file that only the user can read."""
    if settings.pseudonym_key is not None:
        return settings.pseudonym_key.get_secret_value().encode()[:64]
    if settings.store_url == MEMORY_URL:
        return secrets.token_bytes(32)
    file = settings.home / PSEUDONYM_KEY_FILE
    try:
        return _read_or_make(file, lambda: secrets.token_bytes(32))
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read or made: {error.strerror}; check MASTERY_HOME"
        ) from None


def _read_or_make(file: Path, make: Callable[[], bytes]) -> bytes:
    """Contents of a file that is made whole or not at all, with mode 0600, by whoever comes first."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(make())
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return file.read_bytes()
