r"""Which writes of a bulk save were refused for their ETags: the sidecar tells it in words only.

`ABORTED` alone says nothing: the component reports every failed save that has an ETag so, also one for which Redis was silent.
The words of its script are the only certain sign that a key has another version. A line each, after `possible etag mismatch.
error from state store: ERR`, as Redis 7 and later, and 6 and earlier write it:

    user_script:16: failed to set key K script: SHA1, on @user_script:16.
    Error running script (call to f_SHA1): @user_script:16: user_script:16: failed to set key K

What is not written so is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_LINE: Final = re.compile(
    r"(?:.*: )?possible etag mismatch\. error from state store: .*?"
    r"user_script: ?\d+: failed to (?:set key|delete) (?P<key>.*?)"
    r"(?: script: [0-9a-f]{40}, on @user_script: ?\d+\.?)?"
)
_SEPARATOR: Final = "||"
_PLAIN: Final = re.compile(r"[!-{}~]+")
"""Keys that a message tells as they are."""


def is_plain(key: str) -> bool:
    """Whether a key can be told from others in a message."""
    return _PLAIN.fullmatch(key) is not None


def refused_keys(details: str, keys: Collection[str]) -> frozenset[str] | None:
    """Keys of a failed save that have another version than expected.

    Args:
        details: The sidecar's words.
        keys: Those of the save: plain ones, or only one.

    Returns:
        None if something else failed too, or the words are not known: nobody can tell then what was written.
    """
    refused: set[str] = set()
    for line in details.split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            return None
        refused.add(next(iter(keys)) if len(keys) == 1 else _without_prefix(found["key"], keys))
    return frozenset(refused) if refused <= set(keys) else None


def _without_prefix(told: str, keys: Collection[str]) -> str:
    """The component may put the application's id before keys."""
    return told if told in keys else told.partition(_SEPARATOR)[2]
