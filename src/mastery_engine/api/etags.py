"""Entity tags: what an answer holds, in a few characters, and what a caller says of them (RFC 9110, 13.1).

A tag is of the `data` alone; the envelope's `meta` tells of the answer and is another one each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from mastery_engine.domain.errors import InvalidInput, Problem

GZIP_SUFFIX: Final = "-gzip"
"""Of the tag of a packed answer: other bytes have another strong tag."""
_CHARACTERS: Final = 16
_TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*)"')
_LIST: Final = re.compile(
    rf"\s*(?:{_TAG.pattern.replace('?P<weak>', '?:').replace('?P<opaque>', '?:')}\s*(?:,\s*|$))+"
)


def tag_of(data: object) -> str:
    """The strong tag of data that msgspec encodes."""
    # In a fixed order, or the same data would have another tag in another process.
    encoded = msgspec.json.encode(data, order="deterministic")
    return f'"{blake2b(encoded, digest_size=_CHARACTERS).hexdigest()}"'


def matching(values: Iterable[str], tag: str, header: str, *, strong: bool) -> str | None:
    """The tag of a conditional header that stands for the data as it is, as it was sent.

    Args:
        values: All of that header.
        tag: Of the data.
        header: Its name, for the error.
        strong: Whether weak tags fit nothing, as in `If-Match`.

    Returns:
        The caller's spelling of the tag; the tag itself for `*`; None where none fits.

    Raises:
        InvalidInput: The header holds something else than tags.
    """
    given = ", ".join(values).strip()
    if given == "*":
        return tag
    if not _LIST.fullmatch(given):
        rule = 'must be * or entity tags, each in quotes, as in: "0123abcd"'
        raise InvalidInput.of(Problem(header, given[:100], rule))
    for one in _TAG.finditer(given):
        if one["opaque"].removesuffix(GZIP_SUFFIX) == tag.strip('"') and not (strong and one["weak"]):
            return one[0]
    return None
