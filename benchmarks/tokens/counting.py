"""Tokens of texts, by tokenizers whose vocabularies lie in their package, and JSON without a blank."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, cast

import quicktok

ENCODINGS: Final[tuple[str, ...]] = ("o200k_base", "o200k_harmony", "cl100k_base", "llama3", "qwen3")
"""Those that quicktok carries inside its package."""
Counts = dict[str, int]
"""Tokens by encoding."""


def count(text: str) -> Counts:
    """Tokens of a text under each encoding.

    Args:
        text: What a model reads or writes.
    """
    return {
        name: len(cast("list[int]", quicktok.get_encoding(name).encode(text)))  # pyright: ignore[reportUnknownMemberType]
        for name in ENCODINGS
    }


def total(parts: Iterable[Counts]) -> Counts:
    """Sum of counts, encoding by encoding.

    Args:
        parts: Any number of them.
    """
    whole: Counts = dict.fromkeys(ENCODINGS, 0)
    for part in parts:
        for name in ENCODINGS:
            whole[name] += part[name]
    return whole


def times(counts: Counts, factor: int) -> Counts:
    """The same counts several times.

    Args:
        counts: Tokens.
        factor: How often.
    """
    return {name: tokens * factor for name, tokens in counts.items()}


def compact(value: object) -> str:
    """JSON without a blank; signs beyond ASCII stay themselves, as a model reads them.

    Args:
        value: Anything that JSON can hold.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
