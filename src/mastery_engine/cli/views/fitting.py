"""The widest form that a terminal has room for, so that nothing has to be cut."""

from __future__ import annotations

from typing import Final, final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement

_UNBOUND: Final = 10_000


@final
class Fitting:
    """Shows the first of its forms that fits, else the last."""

    def __init__(self, *forms: RenderableType) -> None:
        """Give the forms.

        Args:
            forms: The same content, widest first; at least one.
        """
        self._forms = forms

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._chosen(console, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._chosen(console, options))

    def _chosen(self, console: Console, options: ConsoleOptions) -> RenderableType:
        unbound = options.update(width=_UNBOUND)
        for form in self._forms:
            if Measurement.get(console, unbound, form).maximum <= options.max_width:
                return form
        return self._forms[-1]
