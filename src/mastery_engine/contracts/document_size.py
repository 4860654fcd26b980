"""How much memory a decoded document takes."""

from __future__ import annotations

from typing import Final

from mastery_engine.domain.learner import LearnerState

_EACH: Final = 1_500
_A_COURSE: Final = 1_000
_A_DAY: Final = 165
_A_BYTE: Final = 12
_FEW: Final = 0x0F
_FIXED_MAP: Final = 0x80
_MOST_A_CHUNK: Final = 16


def memory_of(state: LearnerState, size: int) -> int:
    """About how many bytes a state takes once all its days are unpacked, rather too many than too few.

    Unpacked, a day of nothing but activity takes more than fifty times its three bytes; so days are counted. The figures are
    measured, and a test measures them again.

    Args:
        state: Just decoded.
        size: Bytes of its document.
    """
    days = sum(
        _days_of(chunk) for course in state.courses.values() for chunk in course.days.parts()[0].values()
    )
    return _EACH + _A_COURSE * len(state.courses) + _A_DAY * days + _A_BYTE * size


def _days_of(chunk: object) -> int:
    """How many days a packed chunk has: a MessagePack map tells in its first byte, but for a full one."""
    first = memoryview(chunk)[0]  # type: ignore[arg-type]  # packed chunks are `Raw`
    return first & _FEW if first & ~_FEW == _FIXED_MAP else _MOST_A_CHUNK
