"""One thing that the doctor tried."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Awaitable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from mastery_engine.domain.errors import MasteryError

FAULTS: Final = (MasteryError, OSError, sqlite3.Error)
"""What a check may find: what is told on purpose, and what a disk or a file does by itself."""


class Check(Struct, frozen=True, kw_only=True):
    """Something that was tried.

    Attributes:
        outcome: `ok`, `warning` (it works, look at it) or `failed`.
        message: What was found, and what to do.
    """

    name: str
    outcome: Literal["ok", "warning", "failed"]
    message: str


async def works(name: str, job: Awaitable[None], well: str, place: Path) -> Check:
    """Whether a job ends without an error.

    Args:
        name: Of the check.
        job: Raises one of FAULTS where something does not work.
        well: Message where it does.
        place: File or folder at which it looks.
    """
    try:
        await job
    except FAULTS as error:
        return failed(name, error, place)
    return Check(name=name, outcome="ok", message=well)


async def tried(name: str, job: Awaitable[Check], place: Path) -> Check:
    """What a job found, or what kept it from finding anything.

    Args:
        name: Of the check.
        job: Gives it.
        place: File or folder at which it looks.
    """
    try:
        return await job
    except FAULTS as error:
        return failed(name, error, place)


def failed(name: str, error: Exception, place: Path) -> Check:
    """A check that an error ended.

    Args:
        name: Of the check.
        error: One of FAULTS.
        place: File or folder to name, where the error names none.
    """
    if isinstance(error, MasteryError):
        return Check(name=name, outcome="failed", message=error.message)
    if not isinstance(error, OSError):
        return Check(name=name, outcome="failed", message=f"{place}: {error}")
    advice = "; make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    message = f"{error.filename or place}: {error.strerror or error}{advice}"
    return Check(name=name, outcome="failed", message=message)
