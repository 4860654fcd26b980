"""What the demonstration looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mastery_engine.cli.class_lines import ClassLine
from mastery_engine.cli.demo.stage import CLASS_ID, WEEKS, Stage
from mastery_engine.cli.demo.story import Crash, Proof, Sent, Story
from mastery_engine.cli.letters import LetterView
from mastery_engine.cli.views.comparison import class_view
from mastery_engine.cli.words import counted
from mastery_engine.contracts.answers import Comparison


def opening(stage: Stage) -> RenderableType:
    """Title."""
    text = Text()
    text.append("Mastery Engine", style="bold")
    text.append(f"  a class of {stage.school.students}, {WEEKS} weeks, through the real pipeline")
    return Panel(text, border_style="bright_cyan")


def sent(told: Sent) -> RenderableType:
    """First act."""
    return _act(
        "Sent",
        f"{told.records:,} records into the log: {told.different:,} different events, of which "
        f"{told.late:,} come a day late or more; {told.repeated:,} are sent twice, "
        f"{told.broken} are broken on purpose",
    )


def crashed(told: Crash) -> RenderableType:
    """Second act."""
    return _act(
        "Crashed",
        f"a worker folds them, and is killed with {told.signal} in the middle of a step: "
        f"{counted(told.written, 'event')} are in the students' documents, {told.uncommitted:,} of them "
        "with their outputs unsent and their offsets not committed",
        style="bright_red",
    )


def proven(told: Sent, proof: Proof) -> RenderableType:
    """Third and fourth act."""
    equal = "=" if proof.holds else "≠"
    return Group(
        _act(
            "Went on",
            f"another worker takes over; {proof.passed_over:,} records came again and were not counted again",
        ),
        _act(
            "Proof",
            f"{told.different:,} different events sent {equal} {proof.counted:,} counted {equal} "
            f"{proof.archived:,} archived. Rebuilt from the archive, {proof.equal} of "
            f"{counted(proof.students, 'student')} are equal, field by field",
            style="bright_green" if proof.holds else "bright_red",
        ),
    )


def the_class(comparison: Comparison, lines: Mapping[str, ClassLine]) -> RenderableType:
    """The class table."""
    return Group(Text(), Panel(class_view(comparison, lines), border_style="dim"))


def the_student(whole: RenderableType) -> RenderableType:
    """One student in full."""
    return Panel(whole, border_style="dim")


def the_dead_letters(caught: Sequence[LetterView]) -> RenderableType:
    """What could not be counted."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(style="bright_red", no_wrap=True)
    table.add_column()
    for one in caught:
        table.add_row(one.reason, Text(_shortened(one.message)))
    waits = f"{counted(len(caught), 'event')} could not be counted, and wait as dead letters"
    title = Text(f"{waits} with their reasons")
    return Panel(Group(title, Text(), table), border_style="dim")


def ending(story: Story) -> RenderableType:
    """What to try next."""
    student = story.student.student_id
    commands = [
        (f"mastery show {student}", "this student again"),
        (f"mastery history {student} --by weekly", "week by week"),
        (f"mastery recommend {student} --path", "a plan with dates"),
        (f"mastery compare {CLASS_ID} --student {student}", "among the others"),
        ("mastery dlq list", "what could not be counted"),
        ("mastery replay --all --formula adr-004-observed", "another formula?"),
        ("mastery serve", "the API, on this class"),
    ]
    widest = max(len(command) for command, _ in commands)
    lines = [
        Text(
            f"  export MASTERY_HOME={quote(story.home)} MASTERY_TENANT={story.tenant_id}",
            no_wrap=True,
            overflow="ignore",
        )
    ]
    for command, what in commands:
        line = Text(f"  {command:{widest}}  ", no_wrap=True, overflow="ignore")
        line.append(f"# {what}", style="dim")
        lines.append(line)
    return Group(Text(), Text(f"Done in {story.seconds:.1f} s. Try next, on this class:"), Text(), *lines)


def _act(name: str, what: str, style: str = "bright_cyan") -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 1))
    table.add_column(width=8, style=style, no_wrap=True)
    table.add_column()
    table.add_row(name, Text(what))
    return Padding(table, (0, 0, 0, 0), expand=False)


def _shortened(text: str) -> str:
    most = 150
    return text if len(text) <= most else text[: most - 1] + "…"
