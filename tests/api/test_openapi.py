"""The OpenAPI document is complete and true, and the documentation made from it is fresh."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from mastery_engine.api import mcp_door
from mastery_engine.api.app import create_app
from mastery_engine.api.models import STATUS
from mastery_engine.api.openapi import document, examples
from mastery_engine.api.operation import JSON, Operation
from mastery_engine.api.table import OPERATIONS
from tests.api.school import School, trial_settings
from tools import api_reference

ROOT = Path(__file__).resolve().parents[2]


def validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def test_every_route_is_in_the_document_and_nothing_else_but_the_tools_that_have_a_protocol_of_their_own() -> (
    None
):
    app = create_app(trial_settings())
    routes = {
        (route.path, method.lower()) for route in api_routes(app.routes) for method in route.methods or ()
    }
    assert routes == {(operation.path, operation.method) for operation in OPERATIONS}
    others = {route.path for route in app.routes if isinstance(route, Route)}
    assert others == {mcp_door.PATH, *(one.path for one in mcp_door.TOLD)}


def api_routes(routes: list[Any]) -> list[APIRoute]:
    found: list[APIRoute] = []
    for route in routes:
        if isinstance(route, APIRoute):
            found.append(route)
        elif not isinstance(route, Route):
            found += api_routes(route.original_router.routes)
    return found


async def test_the_document_is_served_as_it_is(school: School) -> None:
    assert (await school.http.get("/openapi.json")).json() == document()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    wanted = set(re.findall(r"'#/components/schemas/(\w+)'", str(document())))
    assert wanted <= set(document()["components"]["schemas"])


def test_every_schema_is_an_object_so_that_makers_of_clients_take_the_document() -> None:
    def bare(node: object) -> bool:
        if isinstance(node, list):
            return any(map(bare, cast("list[object]", node)))
        if not isinstance(node, dict):
            return False
        parts = cast("dict[str, object]", node)
        return isinstance(parts.get("items"), bool) or any(map(bare, parts.values()))

    assert not bare(document())


def test_every_schema_is_used() -> None:
    unused = set(document()["components"]["schemas"]) - set(
        re.findall(r"'#/components/schemas/(\w+)'", str(document()))
    )
    assert not unused


def test_all_errors_have_one_schema() -> None:
    answers = [
        (status, answer)
        for methods in document()["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
    ]
    schemas = [
        answer["content"]["application/json"]["schema"] for status, answer in answers if status >= "400"
    ]
    assert {schema["$ref"] for schema in schemas} == {"#/components/schemas/Error"}
    assert "422" not in {status for status, _ in answers}


def test_the_codes_of_the_schema_are_those_with_a_status() -> None:
    assert set(document()["components"]["schemas"]["ErrorBody"]["properties"]["code"]["enum"]) == set(STATUS)


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.answer and JSON in one.answers_with],
    ids=lambda one: one.name,
)
def test_the_example_of_each_route_fits_its_schemas(operation: Operation) -> None:
    example = examples()[operation.name]
    validator(str(operation.answer)).validate(example["answer"])
    assert (operation.request is None) == ("request" not in example)


@pytest.mark.parametrize(
    "name", [one.name for one in OPERATIONS if one.request and one.request != "IngestRequest"]
)
def test_the_requests_of_the_examples_fit_their_schemas(name: str) -> None:
    operation = next(one for one in OPERATIONS if one.name == name)
    validator(str(operation.request)).validate(examples()[name]["request"])


async def test_every_example_really_goes_over_the_wire_and_comes_back_so() -> None:
    assert await api_reference.record() == examples(), "python tools/api_reference.py"


def test_the_reference_page_is_fresh() -> None:
    text = api_reference.PAGE.read_text("utf-8")
    assert text == api_reference.page(text, document()), "python tools/api_reference.py"


def test_the_reference_page_tells_every_code_and_its_status() -> None:
    text = api_reference.PAGE.read_text("utf-8")
    assert dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", text, re.MULTILINE)) == {
        code: str(status) for code, status in STATUS.items()
    }
