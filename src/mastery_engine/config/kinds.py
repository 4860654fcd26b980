"""Kinds of settings, and how the environment writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from mastery_engine.contracts.web_addresses import Network, network, origin, public_address

DerivedKind = Literal["day", "component", "activity"]


def _listed(value: object) -> object:
    """The environment's way to write a list: `day, activity`, or `[]` for none."""
    if not isinstance(value, str):
        return value
    return [name for one in value.strip().strip("[]").split(",") if (name := one.strip().strip("\"'"))]


UserPath = Annotated[Path, AfterValidator(Path.expanduser)]
DerivedKinds = Annotated[tuple[DerivedKind, ...], NoDecode, BeforeValidator(_listed)]
Networks = Annotated[
    tuple[Annotated[Network, BeforeValidator(network)], ...], NoDecode, BeforeValidator(_listed)
]
Origins = Annotated[tuple[Annotated[str, AfterValidator(origin)], ...], NoDecode, BeforeValidator(_listed)]
PublicAddress = Annotated[str, AfterValidator(public_address)]
LimitedRole = Literal["student", "teacher", "admin", "service"]
RatesByRole = dict[str, dict[LimitedRole, Annotated[int, Field(ge=1, le=1_000_000)]]]
