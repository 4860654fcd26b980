"""The TOML file with settings: which one it is, and where in it something stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from platformdirs import user_data_path

from mastery_engine.domain.errors import ConfigurationError

SETTINGS_FILE: Final = "mastery.toml"


def file_of(known: Mapping[str, Any]) -> Path:
    """The file that is in force.

    Args:
        known: Settings of arguments and environment.

    Raises:
        ConfigurationError: The file that is named is not there.
    """
    home = Path(known.get("home") or user_data_path("mastery-engine")).expanduser()
    own = home / SETTINGS_FILE
    file = Path(known.get("config") or own).expanduser()
    if file != own and not file.is_file():
        raise ConfigurationError(f"there is no settings file {file}; make it, or unset MASTERY_CONFIG")
    return file


def check_readable(file: Path) -> None:
    """Refuse a file that is no TOML; one that is not there is none.

    Raises:
        ConfigurationError: It cannot be read; the message names the file, and the line where one is at fault.
    """
    if not file.is_file():
        return
    try:
        tomllib.loads(file.read_bytes().decode())
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        said = f"line {line} is no UTF-8"
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    except OSError as error:
        said = error.strerror or type(error).__name__
    else:
        return
    raise ConfigurationError(f"the settings file {file} cannot be read: {said}") from None


def place_of(name: str, file: Path) -> str | None:
    """File and line at which a key of the first level stands, in words; None if it is not in the file."""
    text = file.read_text("utf-8") if file.is_file() else ""
    if name not in tomllib.loads(text):
        return None
    quoted = rf"([\"']?){re.escape(name)}\1"
    found = re.search(rf"^[ \t]*(?:\[+[ \t]*)?{quoted}[ \t]*[=.\]]", text, re.MULTILINE)
    line = f", line {text.count(chr(10), 0, found.end()) + 1}" if found else ""
    return f"{file}{line}"
