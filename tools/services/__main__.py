"""`python -m tools.services up|stop|status|env [SERVICE...]`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

from rich.console import Console
from rich.table import Table

from tools.services.failures import ServiceError
from tools.services.running import SERVICES, addresses, read, stop

DEPENDENCY_DOWN: Final = 75
_VARIABLES: Final = {
    "kafka": ("MASTERY_LOG_URL", "kafka://{}"),
    "registry": ("MASTERY_REGISTRY_URL", "{}"),
    "postgres": ("MASTERY_ARCHIVE_URL", "{}"),
}


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools.services", description=__doc__)
    parser.add_argument("action", choices=("up", "stop", "status", "env"))
    parser.add_argument("services", nargs="*", help=f"of {', '.join(SERVICES)}; all by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    names: list[str] = asked.services or [*SERVICES]
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        parser.error(f"no such service: {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    try:
        return _do(asked.action, names, as_json=asked.json)
    except ServiceError as error:
        print(f"services: {error}", file=sys.stderr)
        return DEPENDENCY_DOWN


def _do(action: str, names: list[str], *, as_json: bool) -> int:
    if action == "stop":
        stop(names, _tell)
        return 0
    if action == "up":
        addresses(names, _tell)
    found = _found(names)
    if as_json:
        print(json.dumps(found))
    elif action == "env":
        print("\n".join(_exports(found)))
    else:
        _table(names, found)
        if action == "up":
            print("\n".join(["", "To point the engine at them:", *_exports(found)]))
    return 0 if len(found) == len(names) or action != "status" else 1


def _found(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        running = read(name)
        service = SERVICES[name]()
        if running is not None and running.lives() and service.is_ready(running.ports):
            found[name] = service.address(running.ports)
    return found


def _exports(found: dict[str, str]) -> list[str]:
    return [
        f"export {variable}={form.format(found[name])}"
        for name, (variable, form) in _VARIABLES.items()
        if name in found
    ]


def _table(names: list[str], found: dict[str, str]) -> None:
    table = Table("service", "version", "address", box=None, header_style="bold")
    for name in names:
        there = name in found
        table.add_row(name, SERVICES[name]().version() if there else "", found.get(name, "not running"))
    Console().print(table)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
