"""What a model does wrong is told so that it can mend it, and the server lives on."""

from __future__ import annotations

import pytest
from mcp.shared.exceptions import MCPError
from msgspec.structs import replace
from structlog.testing import capture_logs

from mastery_engine.contracts.pages import cursor_after
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.query import Queries
from mastery_engine.mcp.refusals import UNEXPECTED
from tests.api.school import School
from tests.mcp_door.tools_of import HEAD, Tools


@pytest.mark.parametrize(
    ("tool", "arguments", "saying"),
    [
        ("calculate", {"completion": 2}, "completion = 2: must be <= 1"),
        # The protocol has no word for NaN: clients send null.
        ("calculate", {"completion": float("nan"), "quiz": 0.5}, "completion = null: must be a number"),
        ("calculate", {"quiz": "good"}, "quiz = good: must be a number, not text"),
        ("calculate", {}, "at least one component is required"),
        ("calculate", {"speed": 1}, "speed = 1: is not known; known are"),
        ("calculate", {"\u202espeed\n": 1}, "\\u202espeed\\n = 1: is not known; known are"),
        ("get_mastery", {}, "student_id = absent: is required"),
        ("get_mastery", {"student_id": "x" * 1_000_000}, "must be 1 to 50 of"),
        ("get_mastery", {"student_id": ["amal"]}, "student_id"),
        ("get_mastery", {"student_id": "amal", "detail": "all"}, "must be one of concise, detailed"),
        ("get_mastery", {"student_id": "amal", "course_id": "logic"}, "no event of this student"),
        ("forecast", {"student_id": "amal", "days": 31}, "days = 31: must be <= 30"),
        ("recommend", {"student_id": "amal", "limit": 0}, "limit = 0: must be >= 1"),
        ("compare_interventions", {"student_id": "amal", "interventions": []}, "at least 1 item"),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"fly": 1}]},
            "interventions[0].fly = 1: is not known; known are quiz, exercises, quality, study_days",
        ),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"fly\u200b": 1}]},
            "interventions[0].fly\\u200b = 1: is not known",
        ),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"exercises": 2}]},
            "no exercises reported yet",
        ),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"quiz": [3, 2]}]},
            "must not have more correct answers than questions = 2",
        ),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"quiz": 0.8}]},
            "interventions[0].quiz = 0.8: must be a list of 2, not a number with a decimal point",
        ),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"quiz": [1]}, {"quiz": [True, 0]}]},
            "interventions[0].quiz = [1]: must have 2 items; it has 1; interventions[1].quiz[0] = true: must be an integer",
        ),
        (
            "compare_interventions",
            {"student_id": "amal", "interventions": [{"quiz": None}]},
            "must say what happens: quiz, exercises, quality or study_days",
        ),
        ("class_overview", {"cohort_id": "7a", "limit": 51}, "limit = 51: must be <= 50"),
        ("class_overview", {"cohort_id": "7a", "cursor": "???"}, "next_cursor"),
        ("class_overview", {"cohort_id": "7a", "cursor": "é"}, "next_cursor"),
        ("class_overview", {"cohort_id": "7a", "cursor": cursor_after("amal")}, "next_cursor"),
        ("class_overview", {"cohort_id": "9z"}, "no class '9z'"),
    ],
)
async def test_a_mistake_is_a_result_that_says_what_to_mend(
    tools: Tools, tool: str, arguments: dict[str, object], saying: str
) -> None:
    told = await tools.call(tool, **arguments)
    assert told.is_error
    assert saying in told.text
    assert len(told.text) < 1_000
    assert not (await tools.call("calculate", quiz=1)).is_error


async def test_a_call_with_wrong_arguments_is_on_record_with_its_tool_alone(
    school: School, tools: Tools
) -> None:
    before = len(await school.audit())
    for wrong in (
        {"student_id": "x" * 1_000_000},
        {"student_id": ["amal"]},
        {"student_id": "amal", "days": 31},
    ):
        assert (await tools.call("forecast", **wrong)).is_error
    entries = (await school.audit())[before:]
    assert [(one.action, one.allowed, one.subjects, one.detail) for one in entries] == [
        ("tools.call", False, (), {"tool": "forecast"})
    ] * 3


async def test_what_no_other_arguments_would_mend_is_not_to_be_tried_again(tools: Tools) -> None:
    told = await tools.call("forecast", student_id="dee")
    assert told.is_error
    assert told.text.startswith("VALIDATION_ERROR: no forecast: there is 1 day")
    assert "Mend the arguments" not in told.text
    assert "use get_mastery" in told.text


async def test_who_is_not_the_callers_to_see_is_told_like_who_does_not_exist(school: School) -> None:
    caller = replace(HEAD, role="teacher", subject="ms-yun")
    tools = Tools(school, caller)
    for tool in ("get_mastery", "forecast", "recommend"):
        hidden, absent = [await tools.call(tool, student_id=one) for one in ("dee", "nobody")]
        assert hidden == absent
        assert hidden.is_error
        assert "Do not guess ids" in hidden.text
    acts = [{"quality": 1}]
    hidden, absent = [
        await tools.call("compare_interventions", student_id=one, interventions=acts)
        for one in ("dee", "nobody")
    ]
    assert hidden == absent


async def test_a_service_reads_nobody_by_a_tool(school: School) -> None:
    tools = Tools(school, replace(HEAD, role="service", subject="tutor"))
    acts = [{"quality": 1}]
    for told in (
        await tools.call("get_mastery", student_id="amal"),
        await tools.call("compare_interventions", student_id="amal", interventions=acts),
        await tools.call("class_overview", cohort_id="7a"),
    ):
        assert told.is_error
        assert told.text.startswith("FORBIDDEN")


async def test_a_tool_that_is_not_there_is_the_protocols_own_error(tools: Tools) -> None:
    with pytest.raises(MCPError, match="tools are calculate, get_mastery"):
        await tools.ask(lambda client: client.call_tool("fly", {}))


@pytest.mark.parametrize(
    "uri", ["mastery://students/nobody", "mastery://students/../formula", "file:///etc/passwd"]
)
async def test_a_resource_that_is_not_there_is_told(tools: Tools, uri: str) -> None:
    with pytest.raises(MCPError, match="NOT_FOUND"):
        await tools.ask(lambda client: client.read_resource(uri))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("fly", {}), ("plan_week", {}), ("plan_week", {"student_id": "a b"}), ("brief_teacher", {"x": "y"})],
)
async def test_a_prompt_takes_its_id_and_nothing_else(
    tools: Tools, name: str, arguments: dict[str, str]
) -> None:
    with pytest.raises(MCPError, match=r"NOT_FOUND|VALIDATION_ERROR"):
        await tools.ask(lambda client: client.get_prompt(name, arguments))


@pytest.mark.parametrize(
    ("error", "saying"),
    [
        (DependencyDown("the store at redis://secret does not answer"), "SERVICE_UNAVAILABLE"),
        (ZeroDivisionError("amal"), UNEXPECTED),
    ],
)
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_what_fails_inside_tells_nothing_of_the_inside_and_the_server_lives_on(
    school: School, monkeypatch: pytest.MonkeyPatch, error: Exception, saying: str, mode: str
) -> None:
    tools = Tools(school, mode=mode)

    async def fails(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(Queries, "profile", fails)
        told = await tools.call("get_mastery", student_id="amal")
        with pytest.raises(MCPError) as raised, capture_logs() as logs:
            await tools.ask(lambda client: client.read_resource("mastery://students/amal"))
    assert told.is_error
    for text in (told.text, raised.value.error.message):
        assert text.startswith(saying)
        assert "redis://secret" not in text
    assert "amal" not in str(logs)
    assert not (await tools.call("get_mastery", student_id="amal")).is_error


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_clients_of_each_age_are_served(school: School, mode: str) -> None:
    tools = Tools(school, mode=mode)
    assert (await tools.call("calculate", quiz=0.5)).data["score"] == 0.15
    assert len((await tools.ask(lambda client: client.list_prompts())).prompts) == 2
