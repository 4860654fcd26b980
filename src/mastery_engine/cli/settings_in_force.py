"""Which settings are in force, and where each comes from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from pydantic import SecretStr

from mastery_engine.config import DAPRS_OWN, PREFIX, Settings, without_secrets
from mastery_engine.config.settings_file import file_of


class SettingInForce(Struct, frozen=True, kw_only=True):
    """A setting.

    Attributes:
        variable: Its environment variable.
        value: As text; a secret only tells whether it is set.
        source: `environment`, `default`, or the settings file.
    """

    variable: str
    value: str
    source: str


def settings_in_force(settings: Settings) -> Iterator[SettingInForce]:
    """Each of them; secrets only tell whether they are set."""
    file = file_of({"home": settings.home, "config": settings.config})
    of_file: dict[str, Any] = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}"
        source = "environment" if os.environ.get(variable) else str(file) if name in of_file else "default"
        if name == "dapr_app_token" and source == "default" and os.environ.get(DAPRS_OWN):
            source = f"environment, {DAPRS_OWN}"
        value = getattr(settings, name)
        yield SettingInForce(variable=variable, value=_shown(value), source=source)


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set, hidden)"
    if value is None or value == "":
        return "(not set)"
    if isinstance(value, tuple):
        parts: tuple[object, ...] = value  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(map(str, parts))
    return without_secrets(value) if isinstance(value, str) else str(value)
