"""What the routes work with, opened by the lifespan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Final, cast

import structlog
from fastapi import Depends, Request

from mastery_engine.adapters.auth import Claims, TokenVerifier
from mastery_engine.api.accept import accepts_json
from mastery_engine.api.errors import CredentialsMissing, Refusal
from mastery_engine.api.guessers import Guessers
from mastery_engine.api.limits import CallerLimits
from mastery_engine.api.positions import Positions
from mastery_engine.api.seats import Seats
from mastery_engine.bootstrap import Engine
from mastery_engine.domain.errors import NotAuthenticated
from mastery_engine.engine.access import Caller
from mastery_engine.engine.deliveries import Deliveries

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a route may use.

    Attributes:
        refused_tokens: How many tokens were refused, by reason, since this process began.
    """

    engine: Engine
    tokens: TokenVerifier
    positions: Positions
    deliveries: Deliveries
    limits: CallerLimits
    guessers: Guessers
    seats: Seats
    refused_tokens: Counter[str] = field(default_factory=Counter[str])


def parts_of(request: Request) -> Parts:
    """The parts that the lifespan opened."""
    return cast("Parts", request.state.parts)


async def parts_for(request: Request) -> Parts:
    """The same for a route: FastAPI would take what is not `async` to a thread of its own, for each request."""
    return parts_of(request)


async def check_accept(request: Request) -> None:
    """Refuse a caller who takes no JSON.

    Raises:
        Refusal: `Accept` leaves JSON out.
    """
    if not accepts_json(request.headers.getlist("accept")):
        raise Refusal(
            "NOT_ACCEPTABLE", "answers are application/json; let Accept name it, or leave Accept out"
        )


async def caller_of(request: Request) -> Caller:
    """Who asks, by the bearer token, and may do so now.

    Raises:
        NotAuthenticated: No token, more than one, or one that does not hold.
        Refusal: The caller comes too often, or the address sends tokens that do not hold.
    """
    caller = await caller_by(request, bearer_of(request))
    await parts_of(request).limits.admit(request, caller)
    return caller


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
        raise CredentialsMissing("send one token, as: Authorization: Bearer TOKEN")
    return token.strip()


async def caller_by(request: Request, token: str) -> Caller:
    """Who asks, by a JWT; errors as those of `claims_by`."""
    return caller_with(request, await claims_by(request, token))


def caller_with(request: Request, claims: Claims) -> Caller:
    """Who asks, by what a token says."""
    return Caller(
        tenant_id=claims.tenant_id,
        subject=claims.sub,
        role=claims.role,
        request_id=recorded_id(request, claims.tenant_id),
    )


def recorded_id(request: Request, tenant_id: str) -> str:
    """Id of a request as it goes on record: a hash of one that the caller chose, who may have put a student's id there."""
    request_id: str = request.state.request_id
    if request.state.own_request_id:
        return request_id
    return parts_of(request).engine.pseudonyms.of_request(tenant_id, request_id)


async def claims_by(request: Request, token: str) -> Claims:
    """What a JWT says that holds.

    Raises:
        NotAuthenticated: It does not hold, or was revoked.
        Refusal: The address sends too many that do not.
        DependencyDown: Nobody can tell: the issuer's keys are not known, or what was revoked is not.
    """
    parts = parts_of(request)
    try:
        with parts.guessers.watched(request, token):
            claims = await parts.tokens.verify(token)
            await parts.engine.revocations.check(claims.tenant_id, claims.sub, claims.jti, claims.iat)
    except NotAuthenticated as error:
        parts.refused_tokens[error.reason] += 1
        # Nothing of the token itself: it may hold elsewhere, and name whom it is about.
        _log.info("token refused", request_id=request.state.request_id, reason=error.reason)
        raise
    return claims


PartsNeeded = Annotated[Parts, Depends(parts_for)]
CallerNeeded = Annotated[Caller, Depends(caller_of)]
