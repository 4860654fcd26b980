"""What every answer must keep to, whoever asked for whatever."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.models import STATUS
from tools.fuzz.people import HIDDEN

HEADERS: Final = (
    "x-request-id",
    "x-content-type-options",
    "cache-control",
    "content-security-policy",
    "cross-origin-resource-policy",
    "referrer-policy",
    "x-frame-options",
    "permissions-policy",
)
_INSIDE: Final = (
    "Traceback (most recent call last)",
    "site-packages",
    "mastery_engine.",
    "psycopg",
    "sqlite3.",
)
"""What no answer tells of how it was made."""
_BAD: Final = 400
_SURPRISE: Final = 500
_OVERLOADED: Final = 503
_LARGEST_ERROR: Final = 100_000


def broken_rules(
    status: int, headers: Mapping[str, str], body: bytes, *, role: TokenRole | None = None, sent: str = ""
) -> Iterator[str]:
    """The rules that an answer breaks.

    Args:
        status: Its status.
        headers: Its headers, names in lower case.
        body: Its bytes, unpacked.
        role: Who asked; None for nobody who is known.
        sent: All that was sent: an id that was sent may be said again in a refusal.
    """
    if status >= _SURPRISE and status != _OVERLOADED:
        yield f"{status} is never to be answered"
    if status == _OVERLOADED and "retry-after" not in headers:
        yield "503 without Retry-After"
    yield from (f"no header {name}" for name in HEADERS if name not in headers)
    text = body.decode("utf-8", errors="replace")
    yield from (f"the answer tells {word!r}" for word in _INSIDE if word in text)
    if status >= _BAD:
        yield from _broken_error(status, headers, body)
    if role is not None:
        yield from leaks(status, text, role, sent)


def leaks(status: int, text: str, role: TokenRole, sent: str) -> Iterator[str]:
    """Ids of students whom the caller may not see, in what was answered.

    Args:
        status: Of the answer.
        text: Its body.
        role: Of the caller.
        sent: All that was sent.
    """
    for student_id in HIDDEN[role]:
        # Who is named by the caller may be named back: in a refusal, or as a member of a batch who is not found.
        if student_id in text and not (student_id in sent and _only_refused(status, text, student_id)):
            yield "a student is told of who may not be seen"


def _only_refused(status: int, text: str, student_id: str) -> bool:
    if status >= _BAD:
        return True
    try:
        data = json.loads(text)["data"]
    except (ValueError, TypeError, KeyError):
        return False
    if not isinstance(data, dict):
        return False
    told_of = cast("dict[str, Any]", data)
    if told_of.get("student_id") == student_id and told_of.get("current", ...) is None:
        # A calculation with what the caller has sent, for somebody who is not there as far as the caller is told.
        told_of = {name: value for name, value in told_of.items() if name != "student_id"}
        return student_id not in json.dumps(told_of)
    values = told_of.values()
    items: list[Any] = [one for many in values if isinstance(many, list) for one in cast("list[Any]", many)]
    told = [one for one in items if student_id in json.dumps(one)]
    rest = json.dumps([one for one in items if one not in told])
    return bool(told) and all(_is_refused(one) for one in told) and student_id not in rest


def _is_refused(item: Any) -> bool:
    return isinstance(item, dict) and bool(cast("dict[str, Any]", item).get("error"))


def _broken_error(status: int, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        yield "an error that is no JSON"
        return
    if len(body) > _LARGEST_ERROR:
        yield "an error of very many bytes"
    try:
        answer = json.loads(body)
        code = answer["error"]["code"]
        whole = answer["success"] is False and {"message", "details"} <= answer["error"].keys()
    except (ValueError, TypeError, KeyError):
        yield "an error without the envelope"
        return
    if not whole or STATUS.get(code) != status:
        yield f"an error whose envelope does not fit {status}"
