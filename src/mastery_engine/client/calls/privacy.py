"""What a person may ask of a school: everything held on them, erasure, restriction."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mastery_engine.client.call import API, Call, enveloped, path
from mastery_engine.contracts.answers import RestrictionView
from mastery_engine.contracts.pages import Page
from mastery_engine.contracts.privacy_request import RequestView

MOST_EXPORTED: Final = 1 << 30
"""Bytes of a zip that is held in memory."""


def export_student(student_id: str) -> Call[bytes]:
    """Everything held on a student, as a zip."""
    return Call(
        "GET",
        path("/students/{}/export", student_id),
        bytes,
        headers={"Accept": "application/zip, application/json;q=0.1"},
        most_bytes=MOST_EXPORTED,
    )


def export_schema() -> Call[dict[str, Any]]:
    """JSON Schema of the files in that zip."""
    return Call("GET", f"{API}/schemas/student-export", msgspec.json.Decoder(dict[str, Any]).decode)


def restrict(student_id: str) -> Call[RestrictionView]:
    """Results of a student that nobody else reads from now on."""
    return Call("PUT", path("/students/{}/restriction", student_id), enveloped(RestrictionView))


def unrestrict(student_id: str) -> Call[RestrictionView]:
    """Results of a student that are read again."""
    return Call("DELETE", path("/students/{}/restriction", student_id), enveloped(RestrictionView))


def erase(student_id: str) -> Call[RequestView]:
    """A student erased; how far it is, `privacy_request` tells."""
    return Call("DELETE", path("/students/{}", student_id), enveloped(RequestView))


def privacy_requests(*, limit: int = 100) -> Call[Page[RequestView]]:
    """The requests of the school, newest first, so many (1 to 500) on a page."""
    return Call("GET", f"{API}/privacy/requests", enveloped(Page[RequestView]), query={"limit": limit})


def privacy_request(request_id: str) -> Call[RequestView]:
    """A request, and its report."""
    return Call("GET", path("/privacy/requests/{}", request_id), enveloped(RequestView))


def lift_erasure(request_id: str) -> Call[RequestView]:
    """An erasure that is done, after which new events of the student count again."""
    # Sent again after a lost answer, it would be lifted already.
    return Call(
        "POST", path("/privacy/requests/{}/lift", request_id), enveloped(RequestView), repeatable=False
    )
