"""Results on standard output, and nothing else there; what is said on the way goes to standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDEST: Final = 100


def print_json(data: object) -> None:
    """Print data as JSON."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(data), indent=2)
    sys.stdout.write(text.decode() + "\n")


def show(*parts: RenderableType) -> None:
    """Print what a person reads."""
    console = make_console()
    for part in parts:
        console.print(part)


def make_console() -> Console:
    """Standard output for people: at most 100 columns, 80 where there is no terminal."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    console.width = min(console.width, _WIDEST)
    return console


def say(text: str) -> None:
    """Print a result that is a sentence."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Say something on the way."""
    sys.stderr.write(text + "\n")
