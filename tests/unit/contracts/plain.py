"""Fields as other makers' serializers take them."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import msgspec


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """Fields of a struct; dates stay dates, and bytes stay bytes."""
    return cast("dict[str, Any]", msgspec.to_builtins(value, builtin_types=(bytes, date)))
