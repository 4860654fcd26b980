"""A forecast in words."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.cli.views.fitting import Fitting
from mastery_engine.domain.forecast import Forecast

RANGE_WIDTHS = (40, 24)


def forecast_view(foreseen: Forecast) -> Group:
    """What is foreseen, how sure it is, and whether somebody should look."""
    parts: list[RenderableType] = [_sentence(foreseen), _range_sentence(foreseen), range_line(foreseen)]
    change = words.signed_points(foreseen.predicted_score - foreseen.current_score)
    parts.append(
        Text(
            f"{change} points from today's {words.points(foreseen.current_score)}; confidence "
            f"{words.percent(foreseen.confidence)}, from "
            f"{words.counted(foreseen.days_with_events, 'day')} with events (model {foreseen.model})",
            style="dim",
        )
    )
    if foreseen.intervention_needed:
        parts.append(Text("! Look after this student: the score is low, or falls by a level.", style="bold"))
    return Group(*parts)


def _sentence(foreseen: Forecast) -> Text:
    ahead = words.counted(foreseen.timeframe_days, "day")
    text = Text(f"On {words.long_date(foreseen.predicted_for)}, in {ahead}: about ")
    text.append(f"{words.points(foreseen.predicted_score)} of 100", style="bold")
    text.append(", ")
    text.append(foreseen.predicted_level, style=words.LEVEL_STYLE[foreseen.predicted_level])
    text.append(".")
    return text


def _range_sentence(foreseen: Forecast) -> Text:
    low, high = foreseen.interval_80.low, foreseen.interval_80.high
    if words.points(low) == words.points(high):
        return Text("In four of five such cases it has stayed just there.")
    return Text(f"In four of five such cases it lies between {words.points(low)} and {words.points(high)}.")


def range_line(foreseen: Forecast) -> Fitting:
    """The range on a line from 0 to 100, with today and the forecast on it."""
    return Fitting(*(_range(foreseen, width) for width in RANGE_WIDTHS))


def _range(foreseen: Forecast, width: int) -> Text:
    last = width - 1
    low, high = round(foreseen.interval_80.low * last), round(foreseen.interval_80.high * last)
    line = Text("0 ", style="dim")
    marks = {round(foreseen.current_score * last): "○", round(foreseen.predicted_score * last): "●"}
    for place in range(width):
        inside = low <= place <= high
        mark = marks.get(place, "━" if inside else "─")
        line.append(mark, style="bright_cyan" if inside or place in marks else "dim")
    line.append(" 100  ○ today  ● forecast", style="dim")
    return line
