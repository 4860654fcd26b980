"""A method that a path has not is answered with those that it has."""

from __future__ import annotations

import re

import pytest

from mastery_engine.api.heads import has_head
from mastery_engine.api.table import OPERATIONS
from tests.api.school import School


@pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS}))
async def test_a_wrong_method_is_told_all_methods_of_the_path(school: School, path: str) -> None:
    served = [operation for operation in OPERATIONS if operation.path == path]
    methods = {one.method.upper() for one in served} | {"HEAD" for one in served if has_head(one)}
    answer = await school.http.request("TRACE", re.sub(r"{\w+}", "x1", path))
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].split(", ")) >= methods
    if "{" in path:
        assert set(answer.headers["allow"].split(", ")) == methods
