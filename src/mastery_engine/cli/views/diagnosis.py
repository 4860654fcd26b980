"""What the doctor found."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mastery_engine.cli.diagnosis import Diagnosis
from mastery_engine.cli.views.profile import section
from mastery_engine.cli.words import counted

_STYLE = {"ok": "bright_green", "warning": "bright_yellow", "failed": "bold bright_red"}


def diagnosis_view(found: Diagnosis) -> Group:
    """Versions, settings, checks."""
    versions = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, version in found.versions.items():
        versions.add_row(name, version)
    settings = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Setting", "Value", "From"):
        settings.add_column(name, overflow="fold")
    for one in found.settings:
        settings.add_row(one.variable, Text(one.value), one.source)
    checks = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for check in found.checks:
        checks.add_row(Text(check.outcome, style=_STYLE[check.outcome]), check.name, Text(check.message))
    return Group(
        section("Versions", versions),
        section("Settings", settings),
        section("Checks", checks),
        Text(),
        Text(_verdict(found), style="bold"),
    )


def _verdict(found: Diagnosis) -> str:
    if not found.well:
        return "Something does not work; see above."
    warnings = sum(check.outcome == "warning" for check in found.checks)
    return f"It works, with {counted(warnings, 'warning')}; see above." if warnings else "Everything works."
