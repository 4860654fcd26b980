"""Entry point of `mastery`: the commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Sequence
from typing import Final

from mastery_engine.cli.exits import (
    DEPENDENCY_DOWN,
    DONE,
    FAILED,
    INTERRUPTED,
    USAGE,
    code_of,
    exit_code,
    tell,
)

_JSON: Final = "--json"
_INTERRUPTED: Final = "interrupted; nothing is lost: run the same command again, and it goes on where it was"


def main() -> None:
    """Run the command line and end the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code; see `exits`.
    """
    # What a terminal or pipe cannot write is shown as ?, rather than ending the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    as_json = _JSON in arguments
    try:
        return _run(arguments, as_json)
    except KeyboardInterrupt:
        # While the program itself was still being read.
        tell("INTERRUPTED", _INTERRUPTED, as_json)
        return INTERRUPTED


def _run(arguments: Sequence[str], as_json: bool) -> int:
    from mastery_engine.cli.program import Stopped, UsageError, program
    from mastery_engine.domain.errors import InvalidInput, MasteryError

    try:
        # By itself it would tell of wrong usage in plain text, for programs too.
        ended: object = program().main(args=list(arguments), prog_name="mastery", standalone_mode=not as_json)
        return _ended(ended, as_json)
    except SystemExit as error:
        return _ended(error.code, as_json)
    except UsageError as error:
        tell(InvalidInput.code, error.format_message(), as_json)
        return USAGE
    except Stopped:
        tell("INTERRUPTED", "nothing was done: the question was not answered with yes", as_json)
        return FAILED
    except MasteryError as error:
        tell(code_of(error), error.message, as_json, getattr(error, "problems", ()))
        return exit_code(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        full = error.errno == errno.ENOSPC
        advice = "; make room on the disk and run the same command again" if full else ""
        tell("OS_ERROR", f"{where}{error.strerror or error}{advice}", as_json)
        return DEPENDENCY_DOWN if full else FAILED


def _ended(code: object, as_json: bool) -> int:
    """The exit code of a command that ended by itself; None is that of one that is done."""
    if code == INTERRUPTED:
        tell("INTERRUPTED", _INTERRUPTED, as_json)
    return DONE if code is None else code if isinstance(code, int) else FAILED


if __name__ == "__main__":
    main()
