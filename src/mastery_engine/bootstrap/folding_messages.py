"""What a process that folds and its parent say to each other: JSON, a message a line."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from pydantic import SecretStr

from mastery_engine.config import Settings
from mastery_engine.domain.errors import (
    ConfigurationError,
    Conflict,
    DependencyDown,
    MasteryError,
    NewerVersion,
)
from mastery_engine.engine.step import StepLate, StepReport
from mastery_engine.ports import Share

DRAIN: Final = b"drain\n"
"""The parent's request to fold until nothing is left; answered by `Stepped`s and one `Drained` or `Failed`."""


class Begin(Struct, frozen=True):
    """The parent's first line, through a pipe that nobody else reads: secrets are among the settings.

    Attributes:
        settings: What is in force, by name.
        batch_size: Most records in a step.
        share: Which partitions are this process's.
    """

    settings: dict[str, Any]
    batch_size: int
    share: Share


class Ready(Struct, frozen=True, tag=True):
    """Everything is open."""


class Stepped(Struct, frozen=True, tag=True):
    """A step has ended."""

    report: StepReport


class Drained(Struct, frozen=True, tag=True):
    """Nothing is left; what all steps together did."""

    total: StepReport


class Failed(Struct, frozen=True, tag=True):
    """What was asked for could not be done.

    Attributes:
        error: Name of the error's class.
        message: What, where, and what to do.
    """

    error: str
    message: str


Answer = Ready | Stepped | Drained | Failed
_ERRORS: Final[dict[str, type[MasteryError]]] = {
    kind.__name__: kind for kind in (ConfigurationError, Conflict, DependencyDown, NewerVersion, StepLate)
}
_begin_decoder: Final = msgspec.json.Decoder(Begin)
_answer_decoder: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def plain(settings: Settings) -> dict[str, Any]:
    """Settings by name, secrets as they are."""
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in settings
    }


def begin(settings: Settings, batch_size: int, share: Share) -> bytes:
    """The first line."""
    return _encoder.encode(Begin(plain(settings), batch_size, share)) + b"\n"


def begun(line: bytes) -> tuple[Settings, int, Share]:
    """Settings, size of a step and share, from the first line."""
    message = _begin_decoder.decode(line)
    return Settings(**message.settings), message.batch_size, message.share


def told(answer: Answer) -> bytes:
    """An answer as a line."""
    return _encoder.encode(answer) + b"\n"


def heard(line: bytes) -> Answer:
    """An answer from its line."""
    return _answer_decoder.decode(line)


def failure(error: MasteryError) -> Failed:
    """An error on its way to the parent."""
    return Failed(type(error).__name__, error.message)


def error_of(failed: Failed) -> MasteryError:
    """The error as it was; one that folding does not raise is told by the root of all."""
    return _ERRORS.get(failed.error, MasteryError)(failed.message)
