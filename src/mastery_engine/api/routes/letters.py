"""Dead letters: look, mend, send again, or discard with a reason."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.bodies import read_model
from mastery_engine.api.envelope import success
from mastery_engine.api.letter_models import (
    DiscardRequest,
    FixRequest,
    LetterParameters,
    LettersParameters,
    ReprocessRequest,
)
from mastery_engine.api.models import Code, Success
from mastery_engine.api.operation import BODILESS, WITH_BODY, Link, Operation, in_answer
from mastery_engine.api.pages import Page, cursor_after, key_before
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.letter_view import LetterView, letter_view
from mastery_engine.contracts.reprocessing import ReprocessAnswer, Reprocessing
from mastery_engine.engine.reprocessing import Pace, reprocess_many

LIST: Final = "/api/v1/dlq"
PATH: Final = f"{LIST}/{{letter_id}}"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


@router.get(LIST)
async def dead_letters(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Letters, page after page."""
    asked = read_parameters(request, LettersParameters)
    status = None if asked.status == "all" else asked.status
    found = await parts.engine.letters.list(
        caller, status=status, after=key_before(asked.cursor) or None, limit=asked.limit + 1
    )
    cursor = cursor_after(found[asked.limit - 1].letter_id) if len(found) > asked.limit else None
    items = [letter_view(letter) for letter in found[: asked.limit]]
    return success(request, Page(items=items, next_cursor=cursor))


@router.get(PATH)
async def dead_letter(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """One letter, whole."""
    asked = read_parameters(request, LetterParameters)
    desk = parts.engine.letters
    letter = await desk.show(caller, asked.letter_id)
    return success(request, letter_view(letter, await desk.event_of(letter)))


@router.post(f"{PATH}/fix")
async def fix_letter(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """A mended event in the place of what came in."""
    asked = read_parameters(request, LetterParameters)
    sent = await read_model(request, FixRequest)
    mended = await parts.engine.letters.fix(caller, asked.letter_id, msgspec.json.encode(sent.event))
    return success(request, letter_view(mended))


@router.post(f"{PATH}/discard")
async def discard_letter(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """A letter ended without its event being counted."""
    asked = read_parameters(request, LetterParameters)
    sent = await read_model(request, DiscardRequest)
    return success(
        request, letter_view(await parts.engine.letters.discard(caller, asked.letter_id, sent.reason))
    )


@router.post(f"{LIST}/reprocess")
async def reprocess_letters(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Events sent into the log again."""
    sent = await read_model(request, ReprocessRequest)
    results: list[Reprocessing] = []
    wanted = list(dict.fromkeys(sent.letter_ids))
    pace = Pace(parts.engine.adapters.clock, None)
    await reprocess_many(parts.engine.letters, caller, wanted, pace, results.append, dry_run=sent.dry_run)
    count = sum(one.outcome == "sent" for one in results)
    return success(request, ReprocessAnswer(sent=count, results=results))


_WRITES: Final[tuple[Code, ...]] = (*WITH_BODY, "CONFLICT")
OPERATIONS: Final = (
    Operation(
        "dead_letters",
        "get",
        LIST,
        "dlq",
        "List events that could not be counted",
        "Those of the school, in the order of their ids, each with what came in and why it does not count. Role: admin.",
        "LettersAnswer",
        errors=tuple(code for code in BODILESS if code != "NOT_FOUND"),
        asks_for=("bearer",),
        action="dead_letters.read",
        rate=30,
        parameters=LettersParameters,
        links=(
            Link("dead_letter", "letter_id", in_answer("items/0/letter_id")),
            Link("fix_letter", "letter_id", in_answer("items/0/letter_id")),
            Link("discard_letter", "letter_id", in_answer("items/0/letter_id")),
        ),
    ),
    Operation(
        "dead_letter",
        "get",
        PATH,
        "dlq",
        "One dead letter",
        "Whole; `event` tells it as JSON where the bytes are Avro. Role: admin.",
        "LetterAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="dead_letters.read",
        rate=30,
        parameters=LetterParameters,
        links=(Link("fix_letter", "letter_id", in_answer("letter_id")),),
    ),
    Operation(
        "fix_letter",
        "post",
        f"{PATH}/fix",
        "dlq",
        "Mend the event of a dead letter",
        "Puts a whole event of the same student in the place of what came in, which is kept as `original`; then reprocess "
        "it. 409 if the letter is open no more, or holds a valid event that was given up. Role: admin.",
        "LetterAnswer",
        "FixRequest",
        errors=_WRITES,
        asks_for=("bearer",),
        action="dead_letters.write",
        rate=30,
        parameters=LetterParameters,
    ),
    Operation(
        "reprocess_letters",
        "post",
        f"{LIST}/reprocess",
        "dlq",
        "Send dead letters' events again",
        "Up to 100 at once, one after the other. Each is `sent` (or would be, `dry_run`), `settled` since it counted "
        "meanwhile, `refused` as it still breaks the schema, or "
        "`skipped` since it is gone or open no more; a single one that is gone or "
        "open no more is answered with 404 or 409. Nothing counts twice. Role: admin.",
        "ReprocessedAnswer",
        "ReprocessRequest",
        errors=_WRITES,
        asks_for=("bearer",),
        action="dead_letters.write",
        rate=30,
    ),
    Operation(
        "discard_letter",
        "post",
        f"{PATH}/discard",
        "dlq",
        "End a dead letter",
        "Its event is not counted; the reason is kept with it. 409 if it is open no more. Role: admin.",
        "LetterAnswer",
        "DiscardRequest",
        errors=_WRITES,
        asks_for=("bearer",),
        action="dead_letters.write",
        rate=30,
        parameters=LetterParameters,
    ),
)
TYPES: Final[dict[str, Any]] = {
    "FixRequest": FixRequest,
    "ReprocessRequest": ReprocessRequest,
    "DiscardRequest": DiscardRequest,
    "LetterAnswer": Success[LetterView],
    "LettersAnswer": Success[Page[LetterView]],
    "ReprocessedAnswer": Success[ReprocessAnswer],
}
"""Names in the document and the types behind them."""
