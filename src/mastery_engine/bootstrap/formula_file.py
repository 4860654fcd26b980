"""Formulas and rollouts from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mastery_engine.domain.errors import ConfigurationError, MasteryError
from mastery_engine.domain.formulas import Formulas, Rollout
from mastery_engine.domain.scores import Formula


def load_formulas(file: Path | None) -> tuple[Formulas, Mapping[str, Rollout]]:
    """The built-in formulas and those of a TOML file, and the file's rollouts by tenant (`*` for all others).

    Raises:
        ConfigurationError: The file cannot be read, or a formula in it cannot be.
    """
    if file is None:
        return Formulas(), {}
    try:
        tables: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        more = [
            msgspec.convert({"name": name, **body}, Formula)
            for name, body in tables.get("formulas", {}).items()
        ]
        rollouts = {
            tenant: msgspec.convert(body, Rollout) for tenant, body in tables.get("rollouts", {}).items()
        }
        formulas = Formulas(more)
        for rollout in rollouts.values():
            for name in (rollout.default, *rollout.shares):
                formulas.get(name)
    except (OSError, ValueError, msgspec.ValidationError, MasteryError) as error:
        raise ConfigurationError(f"the formulas in {file} cannot be used: {error}") from None
    return formulas, rollouts
