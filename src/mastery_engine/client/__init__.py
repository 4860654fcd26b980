"""A client of the service: `calls` say what is asked, `Client` and `AsyncClient` send it, in one way.

Needs the extra `client`.
"""

from mastery_engine.client import calls
from mastery_engine.client.call import Call, Reply
from mastery_engine.client.errors import RateLimited, UnexpectedAnswer
from mastery_engine.client.flow import Retries
from mastery_engine.client.http import AsyncClient, Client

__all__ = ["AsyncClient", "Call", "Client", "RateLimited", "Reply", "Retries", "UnexpectedAnswer", "calls"]
