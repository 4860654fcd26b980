"""Log lines of what folds or serves: JSON on standard error, and nothing there of what was sent.

Imported where it is used: a reading command starts without it.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Final, TextIO, cast

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from mastery_engine.config import Settings

_frames: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure_logs(settings: Settings) -> None:
    """Let the process log, from the level of the settings on; a door calls it before it folds or serves."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_what_was_sent,
    ]
    _let_libraries_log(level, common)
    structlog.configure(
        processors=[*common, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Foreign(logging.StreamHandler[TextIO]):
    """Lines of libraries that log by themselves, as the server and asyncio do."""


def _let_libraries_log(level: int, common: list[Processor]) -> None:
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Foreign)]:
        root.removeHandler(handler)
    handler = _Foreign(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_line, *common],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.setLevel(level)
    root.addHandler(handler)


def _first_line(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """What happened; lines below it show values, which may be what was sent."""
    del logger, method
    line["event"] = str(line["event"]).partition("\n")[0]
    return line


def _without_what_was_sent(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """An exception as its types and places: its message and its local variables may hold what was sent."""
    del logger, method
    told = line.pop("exc_info", None)
    if isinstance(told, tuple):
        told = cast("tuple[object, object, object]", told)[1]
    error = told if isinstance(told, BaseException) else sys.exc_info()[1] if told else None
    if error is not None:
        line["error"] = type(error).__name__
        line["exception"] = [_place(one) for one in _frames((type(error), error, error.__traceback__))]
    return line


def _place(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": told["exc_type"],
        "frames": [f"{one['filename']}:{one['lineno']} {one['name']}" for one in told["frames"]],
    }
