"""The token benchmark asks a real engine, about a class whose members have the events of one student."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import mcp_types as types
import msgspec
import pytest
from mcp.server.lowlevel import Server

from benchmarks.__main__ import RESULTS
from benchmarks.tokens import __main__ as command
from benchmarks.tokens.answers import Answers, answers_of
from benchmarks.tokens.baselines import differences, frozen
from benchmarks.tokens.counting import ENCODINGS
from benchmarks.tokens.ours import our_server
from benchmarks.tokens.page import PAGE, filled
from benchmarks.tokens.report import whole
from benchmarks.tokens.running import Making, measured
from benchmarks.tokens.scenes import score, write
from benchmarks.tokens.school import MEMBERS, open_school, settings_of, who
from benchmarks.tokens.sides import Refused
from benchmarks.tokens.stand_in import events
from benchmarks.tokens.student import Student
from benchmarks.tokens.tasks import COHORT, COURSE, TASKS
from mastery_engine.bootstrap import Engine

SECRET = "words of the tests' own, more than 32 bytes"


def anything(*_: object) -> Answers:
    """No answer is looked at."""
    return {}


@pytest.mark.timeout(180)
async def test_both_sides_tell_what_is_right_in_every_task(tmp_path: Path) -> None:
    asked: list[str] = []

    def right(student: Student, now_ms: int, members: Sequence[str]) -> Answers:
        told = answers_of(student, now_ms, members)
        asked.extend(told)
        return told

    found = await measured(tmp_path, events(COURSE), command.SKILL, our_server, lambda _: None, right=right)
    assert [one.name for one in found] == ["MCP", "skill"]
    assert set(asked) == {task.name for task in TASKS}
    assert all(set(one.costs) == set(asked) for one in found)


async def test_every_member_has_the_events_moved_to_end_yesterday(tmp_path: Path) -> None:
    made = events(COURSE)
    alone = Student(made)
    async with open_school(settings_of(tmp_path, SECRET), made) as engine:
        profiles = [await engine.queries.profile(who(), member) for member in MEMBERS]
        overview = await engine.analytics.compare(who(), COHORT)
    expected = alone.result(alone.day + 1)
    for profile in profiles:
        assert profile.events == len(made)
        assert profile.current.score == expected.score
        assert list(profile.courses) == [COURSE]
    assert overview.standings["score"].size == len(MEMBERS)


async def test_a_server_is_asked_every_task_over_the_engine_and_a_missing_skill_is_said(
    tmp_path: Path,
) -> None:
    def server_of(engine: Engine) -> Server[Any]:
        async def list_tools(_: object, __: object) -> types.ListToolsResult:
            return types.ListToolsResult(
                tools=[types.Tool(name="get_mastery", input_schema={"type": "object"})]
            )

        async def call_tool(_: object, params: types.CallToolRequestParams) -> types.CallToolResult:
            student = (params.arguments or {}).get("student_id", MEMBERS[0])
            told = await engine.queries.profile(who(), student)
            text = msgspec.json.encode(told.current).decode()
            return types.CallToolResult(content=[types.TextContent(text=text)])

        return Server("ours", on_list_tools=list_tools, on_call_tool=call_tool)

    said: list[str] = []
    found = await measured(
        tmp_path, events(COURSE), tmp_path / "none", server_of, said.append, right=anything
    )
    assert [one.name for one in found] == ["MCP"]
    assert set(found[0].costs) == {task.name for task in TASKS}
    assert "the skill is not measured" in said[-1]
    told = whole(frozen(), found, None)
    assert "the data is not there" in told["baseline"]["says"]
    assert set(told["sides"]["MCP"]) == set(ENCODINGS)


async def test_a_refusal_of_the_server_comes_out_as_what_it_is(tmp_path: Path) -> None:
    def refusing(_: Engine) -> Server[Any]:
        async def call_tool(_: object, __: object) -> types.CallToolResult:
            return types.CallToolResult(content=[types.TextContent(text="no")], is_error=True)

        return Server("refusing", on_call_tool=call_tool)

    with pytest.raises(Refused, match=r"get_mastery .* was refused: no"):
        await measured(tmp_path, events(COURSE), tmp_path / "none", refusing, lambda _: None)


def answering(text: str) -> Making:
    async def list_tools(_: object, __: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[types.Tool(name="forecast", input_schema={"type": "object"})])

    async def call_tool(_: object, __: object) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(text=text)])

    return lambda _: Server("answering", on_list_tools=list_tools, on_call_tool=call_tool)


def run(
    monkeypatch: pytest.MonkeyPatch, server: Making, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.delenv("MASTERY_TEST_DATA", raising=False)
    monkeypatch.setattr(command, "our_server", server)
    monkeypatch.setattr(command, "measured", partial(measured, right=anything))
    code = command.main(["--json", "--skill", str(folder)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_command_says_that_it_runs_without_the_data_and_ends_well_where_enough_is_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, answering("0.5"), tmp_path, capsys)
    assert code == 0
    assert "as it was frozen: MASTERY_TEST_DATA is not set" in err
    assert json.loads(out)["tokens"]["baseline"]["asked_about"] == "made-up events, as many"


def test_the_command_ends_with_1_and_names_each_task_that_saves_too_little(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(monkeypatch, answering("0.123456 " * 40), tmp_path, capsys)
    assert code == 1
    assert "MCP, o200k_base, score: " in err
    assert "class mean" not in err


def test_the_command_ends_with_1_and_names_the_task_whose_answer_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MASTERY_TEST_DATA", raising=False)
    monkeypatch.setattr(command, "our_server", answering("0.123456"))
    assert command.main(["--json", "--skill", str(tmp_path)]) == 1
    assert "MCP, score: 0.123456 does not tell 0.5" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path / "none")])
    assert "is no folder" in capsys.readouterr().err


def test_counts_that_are_no_longer_those_frozen_are_named() -> None:
    held = frozen()
    again = frozen() | {"events": {name: tokens + 1 for name, tokens in held["events"].items()}}
    del again["quicktok"]
    assert differences(held, frozen()) == []
    assert differences(held, again)[0].startswith("events, o200k_base: frozen ")
    assert len(differences(held, again)) == len(ENCODINGS)


def test_the_page_shows_the_tables_of_the_committed_results() -> None:
    whole = json.loads((RESULTS / "tokens.json").read_text("utf-8"))["tokens"]
    page = PAGE.read_text("utf-8")
    assert filled(page, whole) == page
    assert all(f"| {task.name} | {task.question} |" in page for task in TASKS)


def test_a_page_without_marks_is_not_written() -> None:
    whole = json.loads((RESULTS / "tokens.json").read_text("utf-8"))["tokens"]
    with pytest.raises(AssertionError, match="no marks of means"):
        filled("# A page\n", whole)


def test_the_working_on_the_page_is_that_of_the_made_up_student() -> None:
    assert write(score, Student(events(COURSE))).text in PAGE.read_text("utf-8")
