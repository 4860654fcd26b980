"""The key of the hashes that stand for students."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.config import (
    EMBEDDED_LOG,
    LONGEST_PSEUDONYM_KEY_BYTES,
    SHORTEST_PSEUDONYM_KEY_BYTES,
    Settings,
)
from mastery_engine.domain.errors import ConfigurationError

PSEUDONYM_KEY_FILE: Final = "pseudonym.key"
_MADE_BYTES: Final = 32


def pseudonym_key(settings: Settings) -> bytes:
    """The key of the settings; embedded, one of its own in a file that only the user can read.

    Raises:
        ConfigurationError: The key is too short or too long, its file cannot be used, is gone while the records under it are
            there, or several processes would each make one.
    """
    settings.check_pseudonym_key()
    if settings.pseudonym_key is not None:
        return settings.pseudonym_key.get_secret_value().encode()
    if settings.env == "production" and (settings.log_url != EMBEDDED_LOG or settings.store_on_server):
        raise ConfigurationError(
            "MASTERY_PSEUDONYM_KEY is required in production where log or state are on servers, and the same for every process "
            "that uses them: to one with another key "
            "repeats are not repeats, and erased students are not erased"
        )
    if settings.store_url == MEMORY_URL:
        return secrets.token_bytes(_MADE_BYTES)
    file = settings.home / PSEUDONYM_KEY_FILE
    records = settings.archive_file
    # In this order: who makes a home makes its key first, so a key that is only now being made has no records yet.
    if records is not None and records.exists() and not file.exists():
        raise ConfigurationError(
            f"{records} is there, and the key of its hashes is not: set MASTERY_PSEUDONYM_KEY as it was, or put {file} back "
            "from a backup. To one with another key the audit trail does not hold, and erased students are not erased"
        )
    try:
        key = _read_or_make(file, lambda: secrets.token_bytes(_MADE_BYTES))
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read or made: {error.strerror}; check MASTERY_HOME"
        ) from None
    if not SHORTEST_PSEUDONYM_KEY_BYTES <= len(key) <= LONGEST_PSEUDONYM_KEY_BYTES:
        raise ConfigurationError(
            f"{file} holds {len(key)} bytes and is no key any more; put it back from a backup, "
            "since another key would tear the audit trail from its students"
        )
    return key


def _read_or_make(file: Path, make: Callable[[], bytes]) -> bytes:
    """Contents of a file that is made whole or not at all, with mode 0600, by whoever comes first."""
    with suppress(FileNotFoundError):
        return file.read_bytes()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name that nobody else has: processes of two containers on one volume may share a process id.
    descriptor, draft = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(make())
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()
    return file.read_bytes()
