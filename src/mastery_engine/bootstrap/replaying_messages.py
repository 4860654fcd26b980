"""What a process that replays and its parent say to each other: JSON, a message a line."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from pydantic import SecretStr

from mastery_engine.bootstrap.folding_messages import Failed, Ready
from mastery_engine.config import Settings
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.replay_run import Slice


class Replayed(Struct, frozen=True, tag=True):
    """A slice is done."""

    report: ReplayReport


Answer = Ready | Replayed | Failed
_settings_decoder: Final = msgspec.json.Decoder(dict[str, Any])
_slice_decoder: Final = msgspec.json.Decoder(Slice)
_answer_decoder: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def begin(settings: Settings) -> bytes:
    """The parent's first line, through a pipe that nobody else reads: secrets are in it."""
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in settings
    }
    return told(plain)


def begun(line: bytes) -> Settings:
    """Settings from the first line."""
    return Settings(**_settings_decoder.decode(line))


def slice_of(line: bytes) -> Slice:
    """A slice from each further line of the parent's."""
    return _slice_decoder.decode(line)


def told(message: Answer | Slice | dict[str, Any]) -> bytes:
    """A message as a line."""
    return _encoder.encode(message) + b"\n"


def heard(line: bytes) -> Answer:
    """An answer from its line."""
    return _answer_decoder.decode(line)
