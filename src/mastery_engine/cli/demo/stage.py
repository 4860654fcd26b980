"""Where the demonstration takes place: a home of its own, made anew each time and kept afterwards."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.simulator.settings import SchoolSettings, Term

TENANT: Final = "demo"
CLASS_ID: Final = "class-1"
CLASS_NAME: Final = "Ms Lovelace's class"
WEEKS: Final = 12
_MARKER: Final = "this-is-a-demo"


class Stage(Struct, frozen=True, kw_only=True):
    """What is shown.

    Attributes:
        settings: Of the demonstration's own home.
        school: The simulated class.
        today: Day as of which everything is shown; the last events are of the day before.
    """

    settings: Settings
    school: SchoolSettings
    today: date


def demo_settings(home: Path) -> Settings:
    """Settings of a home that touches nothing else, whatever the environment says."""
    return load_settings(
        home=home,
        config=home / "mastery.toml",
        store_url="",
        archive_url="",
        log_url="embedded",
        tenant=TENANT,
        formulas=None,
    )


def set_stage(students: int, seed: int, today: date | None) -> Stage:
    """Make the home and lay out the class.

    Args:
        students: How many.
        seed: All chance follows from it.
        today: See `Stage`; None means today.

    Raises:
        ConfigurationError: The home cannot be made, or holds something else.
        Conflict: Something still runs on the last demonstration's home.
        InvalidInput: The number of students is out of its bounds.
    """
    day = today or datetime.now(UTC).date()
    begins = day - timedelta(weeks=WEEKS)
    start = begins - timedelta(days=begins.weekday())
    term = Term(days=(day - start).days)
    school = SchoolSettings(start=start, students=students, seed=seed, tenant_id=TENANT, term=term)
    home = load_settings().home / "demo"
    _make_anew(home)
    return Stage(settings=demo_settings(home), school=school, today=day)


def _make_anew(home: Path) -> None:
    try:
        if home.exists():
            _remove(home)
        home.mkdir(mode=0o700, parents=True)
        (home / _MARKER).write_text(
            "Made by `mastery demo`, which removes this folder at its next start.\n", "utf-8"
        )
    except OSError as error:
        raise ConfigurationError(
            f"the folder {home} cannot be made anew ({error.strerror}); "
            "set MASTERY_HOME to a folder that can be written"
        ) from None


def _remove(home: Path) -> None:
    if not (home / _MARKER).is_file():
        raise ConfigurationError(
            f"{home} was not made by this demonstration; move it away, or set MASTERY_HOME"
        )
    with FoldingLock(home):
        shutil.rmtree(home)
