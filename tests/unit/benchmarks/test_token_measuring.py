"""What a side takes is counted as a model reads and writes it, and judged against what was frozen."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.client import Client
from mcp.server.lowlevel import Server
from rich.console import Console

from benchmarks.tokens.answers import Right, lacks
from benchmarks.tokens.baselines import frozen, frugal
from benchmarks.tokens.counting import ENCODINGS, compact, count
from benchmarks.tokens.measure import JUDGED_AT, WANTED, Cost, Measured, figures, measure, misses, spread
from benchmarks.tokens.report import tables
from benchmarks.tokens.sides import Exchange, Refused, ServerSide, SkillSide
from benchmarks.tokens.stand_in import events
from benchmarks.tokens.tasks import CALCULATE, COURSE, TASKS, Call

TOOLS = sorted({call.tool for task in TASKS for call in task.calls} | {CALCULATE.tool})
INSTRUCTIONS = "Never do the arithmetic yourself."
SHORT = {"score": 0.506362, "level": "developing"}


def tool(name: str) -> types.Tool:
    return types.Tool(
        name=name,
        title="not for a model",
        description=f"{name} of a student",
        input_schema={"type": "object"},
        output_schema={"type": "object"},
        annotations=types.ToolAnnotations(read_only_hint=True),
    )


def server(answer: Callable[[types.CallToolRequestParams], types.CallToolResult]) -> Server[Any]:
    async def list_tools(_: object, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        # Two pages, so that a client that reads one only counts too little.
        if params is None or params.cursor is None:
            return types.ListToolsResult(tools=list(map(tool, TOOLS[:2])), next_cursor="more")
        return types.ListToolsResult(tools=list(map(tool, TOOLS[2:])))

    async def call_tool(_: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        return answer(params)

    return Server("tiny", instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)


def short(_: types.CallToolRequestParams) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=compact(SHORT))], structured_content=SHORT)


def long(params: types.CallToolRequestParams) -> types.CallToolResult:
    told = {"all": ["0.506362"] * 500} if params.name == "forecast" else SHORT
    return types.CallToolResult(content=[types.TextContent(text=compact(told))], structured_content=told)


def refusing(_: types.CallToolRequestParams) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text="no such student")], is_error=True)


async def measured(answer: Callable[[types.CallToolRequestParams], types.CallToolResult]) -> Measured:
    async with Client(server(answer)) as client:
        return await measure(ServerSide(client), {})


async def test_definitions_are_the_instructions_and_all_tools_with_what_a_model_reads_of_them() -> None:
    async with Client(server(short)) as client:
        said, opening, listed = (await ServerSide(client).definitions()).partition("[")
    assert said == INSTRUCTIONS
    told = json.loads(opening + listed)
    assert [one["name"] for one in told] == TOOLS
    assert set(told[0]) == {"name", "description", "inputSchema", "outputSchema", "annotations"}


async def test_a_call_is_its_name_and_arguments_and_the_wire_holds_the_content_twice() -> None:
    async with Client(server(short)) as client:
        found = await ServerSide(client).exchange(Call("get_mastery", {"student_id": "1"}))
    assert found.call == '{"name":"get_mastery","arguments":{"student_id":"1"}}'
    assert found.result == compact(SHORT)
    assert found.wire == compact(SHORT) * 2


async def test_a_refused_call_ends_the_measurement_for_it_is_short_and_no_answer() -> None:
    async with Client(server(refusing)) as client:
        with pytest.raises(Refused, match=r"get_mastery .* was refused: no such student"):
            await ServerSide(client).exchange(Call("get_mastery", {"student_id": "1"}))


async def test_definitions_are_spread_and_a_task_of_two_calls_bears_two_shares_but_never_more_than_all() -> (
    None
):
    found = await measured(short)
    one, two = found.costs["score"], found.costs["two students"]
    for name in ENCODINGS:
        definitions = found.definitions[name]
        own = one.call[name] + one.result[name]
        assert spread(found, one, name, 1) == own + definitions
        assert spread(found, one, name, 100) == pytest.approx(own + definitions / 100)
        assert spread(found, two, name, 1) == two.call[name] + two.result[name] + definitions
        assert spread(found, two, name, 100) == pytest.approx(
            two.call[name] + two.result[name] + definitions / 50
        )
        assert spread(found, one, name, 100, wire=True) > spread(found, one, name, 100)


async def test_what_is_saved_is_told_for_each_baseline_and_the_worst_task_is_named() -> None:
    held = frozen()
    found = figures(await measured(short), held)
    told = found["o200k_base"]
    one = told["tasks"]["score"]
    expected = 1 - one["ours"]["100"] / frugal(held, TASKS[0])["o200k_base"]
    assert one["saved"]["frugal"]["100"] == pytest.approx(expected, abs=0.0001)
    savings = {name: task["saved"]["frugal"]["100"] for name, task in told["tasks"].items()}
    worst = told["worst"]["frugal"]["100"]
    assert worst == {"task": min(savings, key=lambda name: savings[name]), "saved": min(savings.values())}
    assert one["saved"]["everything"]["100"] > one["saved"]["code"]["100"] > one["saved"]["frugal"]["100"]
    assert (
        told["beside"]["tersest"]["mean"]
        < told["beside"]["formula_spread"]["mean"]
        < told["mean"]["frugal"]["100"]
    )
    assert misses(found, "MCP") == []


async def test_a_task_that_saves_too_little_is_named_with_side_and_tokenizer() -> None:
    missed = misses(figures(await measured(long), frozen()), "MCP")
    forecasts = {task.name for task in TASKS if task.calls[0].tool == "forecast"}
    assert {line.split(", ")[2].split(":")[0] for line in missed} == forecasts
    assert len(missed) == len(forecasts) * len(ENCODINGS)
    assert missed[0].startswith("MCP, o200k_base, next week: ")


async def test_exactly_what_is_wanted_is_enough() -> None:
    held = frozen()
    found = await measured(short)
    most = {name: int(frugal(held, TASKS[0])[name] * (1 - WANTED)) for name in ENCODINGS}
    nothing = dict.fromkeys(ENCODINGS, 0)
    just = replace(found, definitions=nothing, costs={"score": Cost(1, most, nothing, nothing)})
    assert misses(figures(just, held), "MCP") == []
    more = {name: tokens + 1 for name, tokens in most.items()}
    over = replace(just, costs={"score": Cost(1, more, nothing, nothing)})
    assert len(misses(figures(over, held), "MCP")) == len(ENCODINGS)
    assert JUDGED_AT == 100


async def test_the_table_has_every_task_the_worst_and_every_tokenizer() -> None:
    held = frozen()
    told = {"says": "frozen", "asked_about": "a test", **held}
    whole = {"baseline": told, "sides": {"MCP": figures(await measured(short), held)}}
    console = Console(width=100, record=True, file=sys.stderr, quiet=False)
    with console.capture() as printed:
        for one in tables({"date": "2026-01-01"}, whole):
            console.print(one)
    text = printed.get()
    for word in (*(task.name for task in TASKS), *ENCODINGS, "worst", "mean", "59 events"):
        assert word in text
    assert "…" not in text


def test_an_answer_lacks_what_it_does_not_tell_to_the_last_decimals() -> None:
    right = Right((0.506362, 75), ("quality", "refactor"))
    assert lacks(right, '{"do":"refactor quality","gain":0.506361,"minutes":75}') == []
    assert lacks(right, "refactor quality 75 min +0.5064") == ["0.506362"]
    assert lacks(right, "refactor quiz 0.506362 in 750") == ["75", "quality"]


async def test_an_answer_that_does_not_tell_what_is_right_ends_the_measurement() -> None:
    async with Client(server(short)) as client:
        side, right = ServerSide(client), {"score": Right((0.506362,), ("developing",))}
        await measure(side, right)
        with pytest.raises(Refused, match=r"MCP, trend: .* does not tell improving"):
            await measure(side, {**right, "trend": Right((), ("improving",))})


async def test_the_page_of_the_skill_and_each_command_are_counted(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "SKILL.md").write_text("Run the script.\n")
    (tmp_path / "scripts" / "mastery.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    side = SkillSide(tmp_path, {})
    found = await measure(side, {})
    assert found.definitions == count("Run the script.\n")
    assert list(found.costs) == [task.name for task in TASKS]
    assert found.costs["two students"].calls == 2
    assert await side.run("python3 -I scripts/mastery.py show 1") == Exchange(
        "python3 -I scripts/mastery.py show 1", "show 1\n", "show 1\n"
    )


async def test_a_command_of_the_skill_that_fails_ends_the_measurement(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "mastery.py").write_text("raise SystemExit('error: no')\n")
    with pytest.raises(Refused, match="ended with 1: error: no"):
        await SkillSide(tmp_path, {}).run("python3 -I scripts/mastery.py show 1")


def test_the_stand_in_is_as_long_as_the_median_student() -> None:
    made = events(COURSE)
    assert len(made) == frozen()["median_events"]
    assert len({event.event_id for event in made}) == len(made)
    assert made == sorted(made, key=lambda event: event.timestamp)
