"""What a process that replays and its parent say to each other: JSON, a message a line."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from mastery_engine.bootstrap.folding_messages import Failed, Ready, plain
from mastery_engine.bootstrap.replay_parts import TopicCopy
from mastery_engine.config import Settings
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.replay_run import Slice


class Begin(Struct, frozen=True):
    """The parent's first line, through a pipe that nobody else reads: secrets are among the settings.

    Attributes:
        settings: What is in force, by name.
        copy: What to rebuild from; None means the archive.
    """

    settings: dict[str, Any]
    copy: TopicCopy | None


class Replayed(Struct, frozen=True, tag=True):
    """A slice is done."""

    report: ReplayReport


Answer = Ready | Replayed | Failed
_begin_decoder: Final = msgspec.json.Decoder(Begin)
_slice_decoder: Final = msgspec.json.Decoder(Slice)
_answer_decoder: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def begin(settings: Settings, copy: TopicCopy | None) -> bytes:
    """The first line."""
    return told(Begin(plain(settings), copy))


def begun(line: bytes) -> tuple[Settings, TopicCopy | None]:
    """Settings, and what to rebuild from, from the first line."""
    message = _begin_decoder.decode(line)
    return Settings(**message.settings), message.copy


def slice_of(line: bytes) -> Slice:
    """A slice from each further line of the parent's."""
    return _slice_decoder.decode(line)


def told(message: Answer | Slice | Begin) -> bytes:
    """A message as a line."""
    return _encoder.encode(message) + b"\n"


def heard(line: bytes) -> Answer:
    """An answer from its line."""
    return _answer_decoder.decode(line)
