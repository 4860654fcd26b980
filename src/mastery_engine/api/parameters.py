"""Parameters of path and query, read into a model as strictly as a body."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from fastapi import Request
from msgspec import Struct

from mastery_engine.contracts.event_words import shown
from mastery_engine.contracts.field_words import text_problems
from mastery_engine.contracts.request_fields import MOST_PROBLEMS
from mastery_engine.domain.errors import InvalidInput, Problem

_SHOWN: Final = 100
Model = TypeVar("Model", bound=Struct)


def read_parameters(request: Request, model: type[Model]) -> Model:
    """Read path and query.

    Args:
        request: Whose parameters.
        model: One field for each parameter; those that the path names are required, the others are the query's.

    Raises:
        InvalidInput: Every parameter that is not known, stands twice or breaks its rule.
    """
    problems = tuple(islice(_problems(request, model), MOST_PROBLEMS))
    if problems:
        raise InvalidInput.of(*problems)
    return msgspec.convert({**request.query_params, **request.path_params}, model, strict=False)


def refuse_parameters(request: Request) -> None:
    """Refuse a query where a route has none.

    Raises:
        InvalidInput: There is one.
    """
    if request.query_params:
        name = next(iter(request.query_params))
        raise InvalidInput.of(Problem(name[:_SHOWN], "given", "is not known; this route has no parameters"))


def _problems(request: Request, model: type[Struct]) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
    in_query = [name for name in fields if name not in request.path_params]
    given = request.query_params
    for name in given:
        if name not in in_query:
            yield Problem(
                name[:_SHOWN], shown(given[name]), f"is not known; known are {', '.join(in_query) or 'none'}"
            )
        elif len(given.getlist(name)) > 1:
            yield Problem(name, "more than one", "must stand once")
    values: dict[str, Any] = {name: given[name] for name in in_query if name in given}
    values |= request.path_params
    for name, field in fields.items():
        if name in values:
            yield from text_problems(name, field.type, values[name])
        elif field.required:
            yield Problem(name, "absent", "is required")
