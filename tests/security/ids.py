"""Ids that would lead out of their prefix, or look like another's."""

from __future__ import annotations

from typing import Final

LOOK_ALIKES: Final = ("\uff41\uff4e\uff4e", "\u0430nn", "ann\u0301", "\u0663", "\u00b2")
"""Full-width letters, a Cyrillic one, an accent of its own, a digit of another script, a superscript."""
UNSEEN: Final = ("ann\u200b", "\u200dann", "\ufeffann", "ann\u00a0", "ann\u00ad", "ann\u202e")
"""Characters without width, a space that is none, a soft hyphen, writing turned around."""
LINES: Final = ("ann\n", "\nann", "ann\r", "ann\r\n", "ann\x0b", "ann\u2028", "ann\u0085", "ann\nbob")
SIGNS: Final = (
    "a:b",
    "ann:profile",
    "north:student:ann",
    ":",
    "*",
    "ann*",
    "a?n",
    "[a]",
    "{ann}",
    "../ann",
    "a/b",
)
LONG: Final = ("", " ", "a" * 51, "a b")
BAD: Final = (*SIGNS, *LINES, *UNSEEN, *LOOK_ALIKES, *LONG)
"""No id of a student, and none of a school."""
NO_SCHOOL: Final = ("North", "-north", "_north")
"""Ids that a student may have, and a school may not."""


def bad_ids(name: str) -> tuple[str, ...]:
    """Those that a field must refuse."""
    return (*BAD, *NO_SCHOOL) if name == "tenant_id" else BAD
