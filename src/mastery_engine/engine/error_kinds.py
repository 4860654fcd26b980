"""Errors by kind: whose fault one is decides what becomes of the event, and what operators are told.

| kind | what | the event |
|---|---|---|
| `validation` | it breaks the schema or a rule | a dead letter at once |
| `processing` | folding it fails, alone and four times, or a record of ours that it needs is damaged | a dead letter |
| `timeout` | a step took longer than its deadline | waits; a dead letter if it did so alone, four times, while all answers |
| `dependency` | log, registry or store does not answer | waits, and is never a dead letter |
"""

from __future__ import annotations

from typing import Literal

from mastery_engine.domain.errors import DependencyDown, InvalidInput
from mastery_engine.engine.step import StepLate

ErrorKind = Literal["validation", "processing", "timeout", "dependency"]


def kind_of(error: Exception) -> ErrorKind:
    """The kind of an error that processing has met."""
    if isinstance(error, StepLate | TimeoutError):
        return "timeout"
    if isinstance(error, DependencyDown | ConnectionError):
        return "dependency"
    return "validation" if isinstance(error, InvalidInput) else "processing"
