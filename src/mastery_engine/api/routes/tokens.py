"""Revoking tokens."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta, Struct

from mastery_engine.adapters.auth import Subject, TokenId
from mastery_engine.api.bodies import read_json
from mastery_engine.api.envelope import success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import WITH_BODY, Operation
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.request_fields import model_of
from mastery_engine.contracts.revocation import Revocation
from mastery_engine.domain.errors import InvalidInput, Problem

REVOKE: Final = "/api/v1/tokens/revoke"
Moment = Annotated[int, Meta(ge=0, le=4_102_444_800)]
_WANTED: Final = "a JSON object with jti (one token), or with subject (all of somebody's)"
_EITHER: Final = "is required: send jti (one token), or subject (all of somebody's)"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


class RevokeToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names one token.

    Attributes:
        jti: Its id.
        exp: When it expires, Unix seconds; left out or passed, the note is kept as long as any token may live.
    """

    jti: TokenId
    exp: Moment | None = None


class RevokeSubject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names all tokens of somebody, up to a moment.

    Attributes:
        subject: Whose: their `sub`.
        not_before: Those issued (`iat`) up to this moment, Unix seconds; left out, or later than now, up to now.
    """

    subject: Subject
    not_before: Moment | None = None


@router.post(REVOKE)
async def revoke(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """No longer take a token, or anybody's tokens up to a moment."""
    body = await read_json(request, _WANTED)
    revocations = parts.engine.revocations
    if isinstance(body, dict) and body.keys().isdisjoint({"jti", "subject"}):
        raise InvalidInput.of(Problem("jti", "absent", _EITHER), Problem("subject", "absent", _EITHER))
    if isinstance(body, dict) and "subject" in body:
        whose = model_of(cast("object", body), RevokeSubject)
        return success(request, await revocations.revoke_subject(caller, whose.subject, whose.not_before))
    token = model_of(cast("object", body), RevokeToken)
    return success(request, await revocations.revoke_token(caller, token.jti, token.exp))


OPERATIONS: Final = (
    Operation(
        "revoke_tokens",
        "post",
        REVOKE,
        "tokens",
        "Revoke tokens",
        "One token by its `jti`, or all of somebody's that were issued up to a moment, in the caller's school. They hold "
        "no longer within a second, in every process. Revoking again changes nothing. Role: admin.",
        "RevokedAnswer",
        "RevokeRequest",
        errors=(*WITH_BODY, "CONFLICT"),
        asks_for=("bearer",),
        action="tokens.revoke",
        rate=30,
    ),
)
TYPES: Final[dict[str, Any]] = {
    "RevokeToken": RevokeToken,
    "RevokeSubject": RevokeSubject,
    "RevokedAnswer": Success[Revocation],
}
"""Names in the document and the types behind them."""
