"""How keys are written in Redis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_STUDENT: Final = re.compile(r"((?:^|:)student:)([A-Za-z0-9_-]+)(?=:|$)")
_BRACED: Final = re.compile(r"((?:^|:)student:)\{([A-Za-z0-9_-]+)\}(?=:|$)")
_SIGNS: Final = re.compile(r"([\\*?\[\]^])")


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How a key of ours is written.

    Attributes:
        braced: In a cluster a student's id stands in braces, so that all of a student's keys share a slot and go in one script.
    """

    braced: bool = False

    def written(self, key: str) -> str:
        """The key as the server has it."""
        return _STUDENT.sub(r"\1{\2}", key, count=1) if self.braced else key

    def written_prefix(self, prefix: str) -> str:
        """What all keys that start with a prefix start with there; others may, too."""
        if not self.braced:
            return prefix
        at = prefix.find("student:")
        return prefix if at < 0 else prefix[: at + len("student:")]

    def read(self, name: str) -> str:
        """The key that a name of the server stands for."""
        return _BRACED.sub(r"\1\2", name, count=1) if self.braced else name


def glob(prefix: str) -> str:
    """The pattern of all that starts with a prefix."""
    return _SIGNS.sub(r"\\\1", prefix) + "*"
