"""A student's profile: the score with its reasons, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.cli.views.fitting import Fitting
from mastery_engine.cli.views.forecast import forecast_view
from mastery_engine.contracts.answers import History, Profile, ResultView
from mastery_engine.domain.errors import NotEnoughDays
from mastery_engine.domain.forecast import Forecast
from mastery_engine.domain.learning_path import LearningPath
from mastery_engine.domain.scores import COMPONENTS, Component, Formula, Level

BAR_WIDTH = 20
LINE_WIDTHS = (60, 30)


@dataclass(frozen=True, slots=True)
class Shares:
    """How each component takes part in a score.

    Attributes:
        weight: Its share, shared out over the observed components where the formula says so.
        brings: What it adds to the score.
    """

    weight: float
    brings: float


def shares(result: ResultView, formula: Formula) -> dict[Component, Shares]:
    """The share of each component in a result that has its components."""
    views = result.components or {}
    weights = dict(zip(COMPONENTS, formula.weights, strict=True))
    observed = sum(weight for name, weight in weights.items() if views[name].observed)
    found: dict[Component, Shares] = {}
    for name, weight in weights.items():
        if formula.only_observed:
            weight = weight / observed if views[name].observed and observed else 0.0  # noqa: PLW2901 - the share in force
        found[name] = Shares(weight, weight * views[name].value)
    return found


def level_text(level: Level) -> Text:
    """A level in its colour."""
    return Text(level, style=words.LEVEL_STYLE[level])


def headline(profile: Profile, tenant_id: str) -> Text:
    """Who, where and when."""
    text = Text("Student ")
    text.append(profile.student_id, style="bold")
    text.append(
        f" · {words.scope(profile.course_id)} · school {tenant_id} · {words.long_date(profile.as_of)}"
    )
    return text


def standing(profile: Profile) -> Text:
    """Score, level and trend in a line."""
    current = profile.current
    text = Text("  ")
    text.append(f"{words.points(current.score)} of 100", style="bold")
    text.append("  ")
    text.append(current.level, style=words.LEVEL_STYLE[current.level])
    if profile.trend is not None:
        arrow = f"{words.TREND_ARROW[profile.trend]} {profile.trend}"
        text.append("  ")
        text.append(arrow, style=words.TREND_STYLE[profile.trend])
        text.append(" over 7 days", style="dim")
    return text


def facts(profile: Profile) -> Text:
    """What the score rests on."""
    parts = [words.counted(profile.events, "event")]
    if profile.historical_average is not None:
        parts.insert(0, f"30-day average {words.points(profile.historical_average)}")
    return Text(f"  {' · '.join(parts)} · formula {profile.current.formula}", style="dim")


def parts(result: ResultView, formula: Formula) -> Table:
    """Each component: its value, its weight, and what it brings."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Part", min_width=12)
    table.add_column("", width=BAR_WIDTH)
    table.add_column("Value", justify="right")
    table.add_column("Weight", justify="right")
    table.add_column("Points", justify="right")
    views = result.components or {}
    each = shares(result, formula)
    points = words.adding_up([share.brings for share in each.values()], result.score)
    for (name, share), brought in zip(each.items(), points, strict=True):
        view = views[name]
        weak = view.observed and view.value < getattr(formula.weak_below, name)
        style = "bright_red" if weak else "bright_green"
        bar = Text("not observed yet", style="dim")
        if view.observed:
            bar = Text(words.bar(view.value, BAR_WIDTH), style=style)
        value = words.percent_to_a_tenth(view.value) if view.observed else "–"
        weight = words.weight(share.weight)
        table.add_row(words.COMPONENT_NAMES[name], bar, value, f"× {weight}", f"= {brought}")
    table.add_row("", "", "", "score", Text(f"  {words.points(result.score)}", style="bold"))
    return table


def courses(profile: Profile) -> Table:
    """The score of each course."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Course", min_width=12, overflow="fold")
    table.add_column("", width=BAR_WIDTH)
    table.add_column("Score", justify="right")
    table.add_column("Level")
    for course_id, result in profile.courses.items():
        if not course_id and not _tells_more_than_days(result):
            continue
        bar = Text(words.bar(result.score, BAR_WIDTH), style=words.LEVEL_STYLE[result.level])
        table.add_row(course_id or "(no course)", bar, words.points(result.score), level_text(result.level))
    return table


def _tells_more_than_days(result: ResultView) -> bool:
    """Active days without a course are no course of their own for people."""
    views = result.components or {}
    return any(view.observed for name, view in views.items() if name != "consistency")


def next_steps(path: LearningPath, told: str | None = None) -> Group:
    """The steps of a path, each with its reason; a note that is `told` elsewhere is left out."""
    return Group(*_steps(path, told))


def _steps(path: LearningPath, told: str | None) -> Iterable[RenderableType]:
    for number, step in enumerate(path.steps, 1):
        line = Text(f"{number}. ")
        line.append(f"{step.action} {words.COMPONENT_NAMES[step.area].lower()}", style="bold")
        line.append(f"  {words.minutes(step.minutes)}, {words.gain(step.gain)}", style="dim")
        yield line
        yield Padding(Text(step.reason), (0, 0, 0, 3), expand=False)
    if path.estimated_completion is not None:
        yield Text(
            f"Done by {words.long_date(path.estimated_completion)}: {path.completion_note}", style="dim"
        )
    elif path.completion_note and path.completion_note != told:
        yield Text(path.completion_note, style="dim")


def line_of(history: History, days: int) -> RenderableType:
    """The scores of a history as a small line, with its ends."""
    if not history.days:
        return Text("no event in these days")
    return Fitting(*(_line(history, days, width) for width in LINE_WIDTHS))


def _line(history: History, days: int, width: int) -> Text:
    scores = [(one.day, one.result.score) for one in history.days]
    columns = words.by_day(scores, history.end, days, width)
    text = Text("  ")
    text.append(words.sparkline(columns), style="bright_cyan")
    low, high = min(score for _, score in scores), max(score for _, score in scores)
    text.append(f"  {words.points(low)} to {words.points(high)}", style="dim")
    return text


def section(title: str, *parts: RenderableType) -> Group:
    """A titled part of a page."""
    return Group(
        Text(),
        Rule(Text(title, style="bold"), align="left", style="dim"),
        *(Padding(part, (0, 0, 0, 2), expand=False) for part in parts),
    )


def profile_page(
    profile: Profile, formula: Formula, tenant_id: str, history: History, forecast: Forecast | NotEnoughDays
) -> Group:
    """Everything of a student on a page; without a forecast, the page says why."""
    missing = forecast.message if isinstance(forecast, NotEnoughDays) else None
    blocks: list[RenderableType] = [headline(profile, tenant_id), Text(), standing(profile), facts(profile)]
    blocks.append(section("What makes the score", parts(profile.current, formula)))
    if len(profile.courses) > 1:
        blocks.append(section("By course", courses(profile)))
    first = history.days[0].day if history.days else history.start
    days = (history.end - first).days + 1
    blocks.append(section(f"The last {words.counted(days, 'day')}", line_of(history, days)))
    blocks.append(section("What to do next, quickest gain first", next_steps(profile.path, missing)))
    heading = Text(f"{forecast.message}.") if isinstance(forecast, NotEnoughDays) else forecast_view(forecast)
    blocks.append(section("Where it is heading", heading))
    return Group(*blocks)
