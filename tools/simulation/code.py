"""The code under test: as it is, or with one clause taken out, to see that the histories notice."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import mastery_engine.engine

_PACKAGE: Final = "mastery_engine.engine"
_FOLDER: Final = Path(next(iter(mastery_engine.engine.__path__)))
_SHARED: Final = ("fold_batch", "judge", "outputs", "rebuild")
"""Modules that others than processing import, made anew only where a mutation is in them; importers behind imported."""
_OWN: Final = ("grouping", "step_parts", "poison", "leftovers", "process", "replay", "work")
"""Modules of processing, made anew for every mutation; importers behind imported."""


class Mutation(NamedTuple):
    """One clause taken out.

    Attributes:
        name: The fault in words.
        module: Module of the engine.
        old: Text of the clause; it must be in the module, so that this list stays in step.
        new: What stands in its place.
        also: A second text of the module, and what stands in its place; none if empty.
    """

    name: str
    module: str
    old: str
    new: str
    also: tuple[str, str] = ("", "")


class Code(NamedTuple):
    """What a history runs."""

    process: Any
    replay: Any
    work: Any
    step_parts: Any


def the_code() -> Code:
    """The code as it is."""
    return Code(*(import_module(f"{_PACKAGE}.{name}") for name in Code._fields))


def mutated(*mutations: Mutation) -> Code:
    """The code without some clauses; the modules that everybody else imports stay as they are."""
    changed = {mutation.module for mutation in mutations}
    assert changed <= {*_SHARED, *_OWN}
    order = [*(name for name in _SHARED if name in changed), *_OWN]
    kept = {name: sys.modules.get(f"{_PACKAGE}.{name}") for name in order}
    loaded: dict[str, ModuleType] = {}
    try:
        for name in order:
            sys.modules[f"{_PACKAGE}.{name}"] = loaded[name] = _load(name, mutations)
        return Code(*(loaded[name] for name in Code._fields))
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(f"{_PACKAGE}.{name}", None)
            else:
                sys.modules[f"{_PACKAGE}.{name}"] = module


def _load(name: str, mutations: tuple[Mutation, ...]) -> ModuleType:
    file = _FOLDER / f"{name}.py"
    source = file.read_text("utf-8")
    for mutation in mutations:
        if mutation.module == name:
            for old, new in ((mutation.old, mutation.new), mutation.also):
                if old and source.count(old) != 1:
                    raise LookupError(f"{mutation.name}: {name}.py does not have once: {old!r}")
                source = source.replace(old, new) if old else source
    spec = spec_from_file_location(f"{_PACKAGE}.{name}", file)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    exec(compile(source, str(file), "exec"), module.__dict__)  # nosec B102  # noqa: S102 - this project's own source
    return module
