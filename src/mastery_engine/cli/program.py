"""The tree of commands.

A command's module is imported when it is called or listed, and imports the engine only when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any, Final, TypeVar, cast

import typer
from typer.core import TyperCommand, TyperGroup

from mastery_engine.cli.where import WORKS_HERE, refuse_a_service

UsageError: Final = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
"""What the command line raises where it is used wrongly; which package it is of depends on typer's version."""
Stopped: Final = typer.Abort
_F = TypeVar("_F", bound=Callable[..., Any])
_EXAMPLES: Final = "__examples__"
_PACKAGE: Final = "mastery_engine.cli.commands"


@dataclass(frozen=True, slots=True)
class Group:
    """Commands under one name."""

    help: str
    commands: dict[str, str]


COMMANDS: Final[dict[str, str | Group]] = {
    "demo": "demo:demo",
    "show": "show:show",
    "history": "history:history",
    "forecast": "forecast:forecast",
    "recommend": "recommend:recommend",
    "compare": "compare:compare",
    "calculate": "calculate:calculate",
    "ingest": "ingest:ingest",
    "import": Group("Bring in a data set.", {"oulad": "import_:oulad"}),
    "simulate": "simulate:simulate",
    "export": Group("Write results for other programs.", {"results": "export:results"}),
    "replay": "replay:replay",
    "dlq": Group(
        "Dead letters: events that could not be counted.",
        {
            "list": "dlq:list_letters",
            "show": "dlq:show",
            "fix": "dlq:fix",
            "reprocess": "dlq:reprocess",
            "discard": "dlq:discard",
        },
    ),
    "cohort": Group(
        "Classes and who is in them.",
        {
            "put": "cohort:put",
            "list": "cohort:list_cohorts",
            "show": "cohort:show_cohort",
            "import": "cohort_import:import_cohorts",
        },
    ),
    "formula": Group(
        "How components make a score.", {"list": "formula:list_formulas", "show": "formula:show"}
    ),
    "tenant": Group(
        "Schools and how their events are taken.",
        {
            "create": "tenant:create",
            "list": "tenant:list_tenants",
            "show": "tenant:show",
            "set": "tenant:set_privacy",
            "export": "tenant_export:export",
            "erase": "privacy:erase_tenant",
        },
    ),
    "privacy": Group(
        "What a person may ask for about the data held on them.",
        {
            "requests": "privacy:requests",
            "show": "privacy:show",
            "erase": "privacy:erase",
            "lift": "privacy:lift",
            "export": "privacy_export:export",
            "verify-export": "privacy_export:verify",
            "retention": "privacy_retention:retention",
            "restrict": "privacy_restrict:restrict",
            "unrestrict": "privacy_restrict:unrestrict",
        },
    ),
    "archive": Group("The archive of events.", {"retention": "archive:retention"}),
    "audit": Group(
        "Who did what to whose data.",
        {"verify": "audit:verify", "list": "audit:list_records", "heads": "audit:heads"},
    ),
    "state": Group(
        "Look into the state store, and finish what a fault left there.",
        {"show": "state:show", "complete": "state:complete"},
    ),
    "token": Group(
        "Tokens of the API: made for development, and revoked.",
        {"create": "token:create", "revoke": "token:revoke"},
    ),
    "backup": Group(
        "Backups of the whole state.",
        {"create": "backup:create", "verify": "backup:verify", "restore": "backup:restore"},
    ),
    "db": Group("The schema of the PostgreSQL archive.", {"upgrade": "db:upgrade", "check": "db:check"}),
    "serve": "serve:serve",
    "mcp": "mcp:mcp",
    "openapi": "openapi:openapi",
    "worker": "worker:worker",
    "archiver": "archiver:archiver",
    "topics": Group("Kafka's topics.", {"apply": "topics:apply", "check": "topics:check"}),
    "schemas": Group(
        "Schemas of events and outputs in the registry.",
        {"register": "schemas:register", "check": "schemas:check"},
    ),
    "doctor": "doctor:doctor",
}
"""Name of a command to `module:function`; on whose data each works is told in `where`."""


def examples(*lines: str) -> Callable[[_F], _F]:
    """Give a command examples, shown at the end of its help and in the reference."""

    def mark(function: _F) -> _F:
        setattr(function, _EXAMPLES, lines)
        return function

    return mark


def examples_of(function: Callable[..., Any]) -> Sequence[str]:
    """Examples of a command's function."""
    return getattr(function, _EXAMPLES, ())


def function_of(target: str) -> Callable[..., Any]:
    """The function that `module:function` names."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(f"{_PACKAGE}.{module}"), name)
    return function


def program() -> TyperGroup:
    """The whole program."""
    return LazyGroup(
        name="mastery",
        entries=COMMANDS,
        help="Learning events in; mastery scores with their reasons, a forecast and what to do next out.",
        epilog="\b\nStart with:\n  mastery demo",
    )


class LazyGroup(TyperGroup):
    """A group whose commands are built when they are asked for."""

    def __init__(
        self,
        *,
        name: str,
        entries: dict[str, Any],
        help: str,  # noqa: A002 - as typer
        epilog: str | None = None,
        path: str = "",
    ) -> None:
        super().__init__(name=name, help=help, epilog=epilog, rich_markup_mode=None, no_args_is_help=True)
        self._entries = entries
        self._path = path
        # typer suggests from these names, and builds none of them.
        self.commands = dict.fromkeys(entries)

    def list_commands(self, ctx: object) -> list[str]:
        """Names, in the order of the table."""
        del ctx
        return list(self._entries)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """The command of a name, built now; None if there is none."""
        del ctx
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        if isinstance(entry, Group):
            return LazyGroup(
                name=cmd_name, entries=entry.commands, help=entry.help, path=f"{self._path}{cmd_name} "
            )
        return _command(cmd_name, f"{self._path}{cmd_name}", function_of(entry))


def _command(name: str, path: str, function: Callable[..., Any]) -> TyperCommand:
    app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    shown = "\n".join(f"  {line}" for line in examples_of(function))
    guarded = _guarded(path, function) if path in WORKS_HERE else function
    app.command(name, epilog=f"\b\nExamples:\n{shown}" if shown else None)(guarded)
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)  # noqa: S101 - one command and no callback make a command
    return command


def _guarded(path: str, function: _F) -> _F:
    @wraps(function)
    def refusing(**options: Any) -> Any:
        refuse_a_service(path)
        return function(**options)

    return cast("_F", refusing)
