"""What the routes work with, opened by the lifespan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from mastery_engine.adapters.auth import TokenVerifier
from mastery_engine.api.accept import accepts_json
from mastery_engine.api.errors import CredentialsMissing, Refusal
from mastery_engine.api.positions import Positions
from mastery_engine.api.seats import Seats
from mastery_engine.bootstrap import Engine
from mastery_engine.domain.errors import NotAuthenticated
from mastery_engine.engine.access import Caller
from mastery_engine.engine.deliveries import Deliveries


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a route may use."""

    engine: Engine
    tokens: TokenVerifier
    positions: Positions
    deliveries: Deliveries
    seats: Seats


def parts_of(request: Request) -> Parts:
    """The parts that the lifespan opened."""
    return cast("Parts", request.state.parts)


def check_accept(request: Request) -> None:
    """Refuse a caller who takes no JSON.

    Raises:
        Refusal: `Accept` leaves JSON out.
    """
    if not accepts_json(request.headers.getlist("accept")):
        raise Refusal(
            "NOT_ACCEPTABLE", "answers are application/json; let Accept name it, or leave Accept out"
        )


async def caller_of(request: Request) -> Caller:
    """Who asks, by the bearer token.

    Raises:
        NotAuthenticated: No token, more than one, or one that does not hold.
    """
    return await caller_by(request, bearer_of(request))


def bearer_of(request: Request) -> str:
    """The bearer token as it was sent.

    Raises:
        NotAuthenticated: No token, or more than one.
    """
    given = request.headers.getlist("authorization")
    if not given:
        raise CredentialsMissing("a token is required: Authorization: Bearer TOKEN")
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise NotAuthenticated("send one token, as: Authorization: Bearer TOKEN")
    return token.strip()


async def caller_by(request: Request, token: str) -> Caller:
    """Who asks, by a JWT.

    Raises:
        NotAuthenticated: It does not hold.
    """
    claims = parts_of(request).tokens.verify(token)
    return Caller(
        tenant_id=claims.tenant_id, subject=claims.sub, role=claims.role, request_id=request.state.request_id
    )


PartsNeeded = Annotated[Parts, Depends(parts_of)]
CallerNeeded = Annotated[Caller, Depends(caller_of)]
