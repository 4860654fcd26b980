"""A client of the service: `calls` say what is asked, `Client` and `AsyncClient` send it, in one way.

Needs the extra `client`.
"""

from mastery_engine.client import calls
from mastery_engine.client.async_client import AsyncClient
from mastery_engine.client.call import Call, Reply
from mastery_engine.client.errors import (
    EventsRefused,
    MethodNotAllowed,
    NotAcceptable,
    PayloadTooLarge,
    RateLimited,
    ServiceFailed,
    UnexpectedAnswer,
    UnsupportedMediaType,
)
from mastery_engine.client.flow import Retries
from mastery_engine.client.following import Update
from mastery_engine.client.sync_client import Client
from mastery_engine.client.waiting import StillRunning, WorkFailed

__all__ = [
    "AsyncClient",
    "Call",
    "Client",
    "EventsRefused",
    "MethodNotAllowed",
    "NotAcceptable",
    "PayloadTooLarge",
    "RateLimited",
    "Reply",
    "Retries",
    "ServiceFailed",
    "StillRunning",
    "UnexpectedAnswer",
    "UnsupportedMediaType",
    "Update",
    "WorkFailed",
    "calls",
]
