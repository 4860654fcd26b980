"""How the interpreter is set while a process folds."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

NEW_OBJECTS: Final = 1_000_000
SWITCH_SECONDS: Final = 0.0005


@contextmanager
def set_for_bulk_work() -> Generator[None]:
    """Collect cycles rarely, and hand Python's lock over often; both as before at the end.

    A batch holds hundreds of thousands of objects and makes hardly a cycle: collecting after every 700 of them took
    a quarter of the time. The databases' threads need the lock only for moments between their statements, and
    would wait five milliseconds for each.
    """
    thresholds, seconds = gc.get_threshold(), sys.getswitchinterval()
    # The young alone: to go through all that a process holds takes longer than the little garbage among it is worth.
    gc.collect(1)
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 100)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(seconds)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
