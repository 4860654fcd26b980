"""Formulas and rollouts from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct

from mastery_engine.domain.errors import ConfigurationError, InvalidInput, MasteryError
from mastery_engine.domain.formulas import Formulas, Rollout
from mastery_engine.domain.scores import Formula

_Told = TypeVar("_Told", Formula, Rollout)
_Table = dict[str, Any]


class _File(Struct, forbid_unknown_fields=True):
    formulas: dict[str, _Table] = {}
    rollouts: dict[str, _Table] = {}


def load_formulas(file: Path | None) -> tuple[Formulas, Mapping[str, Rollout]]:
    """The built-in formulas and those of a TOML file, and the file's rollouts by tenant (`*` for all others).

    Raises:
        ConfigurationError: The file cannot be read, or a formula or rollout in it cannot be; it is named.
    """
    if file is None:
        return Formulas(), {}
    try:
        tables = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _File)
        formulas = Formulas(
            [
                _told(f"formulas.{name}", {**body, "name": name}, Formula)
                for name, body in tables.formulas.items()
            ]
        )
        rollouts = {
            tenant: _rollout(f"rollouts.{tenant}", body, formulas) for tenant, body in tables.rollouts.items()
        }
    except (OSError, ValueError, MasteryError) as error:
        raise ConfigurationError(f"the formulas in {file} cannot be used: {error}") from None
    return formulas, rollouts


def _rollout(where: str, body: _Table, formulas: Formulas) -> Rollout:
    rollout = _told(where, body, Rollout)
    for name in (*([] if rollout.default is None else [rollout.default]), *rollout.shares):
        try:
            formulas.get(name)
        except MasteryError as error:
            raise InvalidInput(f"{where}: {error.message}") from None
    return rollout


def _told(where: str, body: _Table, kind: type[_Told]) -> _Told:
    """What a table says; a name in it that means nothing is a slip of the pen, and told."""
    try:
        told = msgspec.convert(body, kind)
    except (msgspec.ValidationError, MasteryError) as error:
        raise InvalidInput(f"{where}: {error}") from None
    strange = list(_strange(body, msgspec.to_builtins(told)))
    if strange:
        raise InvalidInput(f"{where}: unknown names: {', '.join(strange)}")
    return told


def _strange(given: _Table, known: _Table, prefix: str = "") -> Iterator[str]:
    for name, value in given.items():
        if name not in known:
            yield f"{prefix}{name}"
        elif isinstance(value, dict):
            yield from _strange(cast("_Table", value), known[name], f"{prefix}{name}.")
