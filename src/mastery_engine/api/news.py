"""Answers that are sent only to who does not have them yet: with a tag of what they hold, and 304 for who names it."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from mastery_engine.api.envelope import success
from mastery_engine.api.etags import matching, tag_of

HEADER: Final = "If-None-Match"
CACHING: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""The caller's own cache may keep the answer, and has to ask each time before it shows it: so every look is decided anew and on
record. No proxy may keep it."""


def answer_if_news(request: Request, data: object) -> Response:
    """The data in its envelope, or 304 where the caller says to have just that.

    Raises:
        InvalidInput: `If-None-Match` holds something else than tags.
    """
    tag = tag_of(data)
    known = request.headers.getlist(HEADER)
    same = matching(known, tag, HEADER, strong=False) if known else None
    if same is not None:
        return Response(status_code=304, headers={"ETag": same, **CACHING})
    answer = success(request, data)
    answer.headers.update({"ETag": tag, **CACHING})
    return answer
