"""`python -m tools.services up|stop|status|env|forget [SERVICE...] [--json]`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

from rich.console import Console
from rich.table import Table

from tools.services import places
from tools.services.dapr import STATE_STORE, Ports
from tools.services.failures import ServiceError
from tools.services.running import FOR_TESTS, SERVICES, Found, addresses, forget, look, stop

NOT_RUNNING: Final = 1
DEPENDENCY_DOWN: Final = 75
INTERRUPTED: Final = 130
# What the engine and Dapr's clients take, of which server, and how.
_VARIABLES: Final = {
    "MASTERY_LOG_URL": ("kafka", "kafka://{0.address}"),
    "MASTERY_REGISTRY_URL": ("registry", "{0.address}"),
    "MASTERY_ARCHIVE_URL": ("postgres", "{0.address}"),
    "DAPR_HTTP_PORT": ("dapr", f"{{0.ports[{Ports._fields.index('http')}]}}"),
    "DAPR_GRPC_PORT": ("dapr", f"{{0.ports[{Ports._fields.index('grpc')}]}}"),
}
_ACTIONS: Final = {
    "up": "start what does not run",
    "stop": "end what runs; data and ports stay",
    "status": "tell what runs; 1 if not all of it",
    "env": "print what points the engine at what runs",
    "forget": "end what runs, and remove its data",
}


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.services",
        description="Kafka, a schema registry, PostgreSQL, Redis and a Dapr sidecar on this machine, without Docker.",
        epilog="; ".join(f"{name}: {words}" for name, words in _ACTIONS.items()),
    )
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument(
        "services",
        nargs="*",
        metavar="SERVICE",
        help=f"of {', '.join(SERVICES)}; default: all but {', '.join(FOR_TESTS)}",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    names: list[str] = asked.services or [name for name in SERVICES if name not in FOR_TESTS]
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        parser.error(f"no such service: {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    try:
        return _do(asked.action, names, as_json=asked.json)
    except (ServiceError, OSError) as error:
        print(f"services: {error}", file=sys.stderr)
        return DEPENDENCY_DOWN
    except KeyboardInterrupt:
        print("services: interrupted; what was started goes on", file=sys.stderr)
        return INTERRUPTED


def _do(action: str, names: list[str], *, as_json: bool) -> int:
    if action in {"stop", "forget"}:
        (stop if action == "stop" else forget)(names, _tell)
        return 0
    if action == "up":
        addresses(names, _tell)
    found = look(names)
    if action == "env":
        _print_variables(found, as_json=as_json)
    elif as_json:
        print(json.dumps({name: _described(name, found) for name in names}))
    else:
        _print_table(names, found)
        if action == "up":
            print("\nTo point the engine at them:")
            _print_variables(found, as_json=False)
            _print_stores(found)
    return NOT_RUNNING if action == "status" and len(found) < len(names) else 0


def _print_stores(found: dict[str, Found]) -> None:
    if "redis" in found:
        print(f"\nTo keep state in Redis:\nexport MASTERY_STORE_URL={found['redis'].address}")
    if "dapr" in found:
        print(f"\nOr in it through the sidecar:\nexport MASTERY_STORE_URL=dapr://{STATE_STORE}")


def _described(name: str, found: dict[str, Found]) -> dict[str, str] | None:
    one = found.get(name)
    return None if one is None else {"version": one.version, "address": one.address}


def _print_variables(found: dict[str, Found], *, as_json: bool) -> None:
    values = {
        variable: form.format(found[name]) for variable, (name, form) in _VARIABLES.items() if name in found
    }
    if as_json:
        print(json.dumps(values))
    for variable, value in () if as_json else values.items():
        print(f"export {variable}={value}")


def _print_table(names: list[str], found: dict[str, Found]) -> None:
    table = Table("service", "version", "address", box=None, header_style="bold", pad_edge=False)
    for name in names:
        one = found.get(name)
        table.add_row(name, *(("", "not running") if one is None else (one.version, one.address)))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    console.print(f"data and logs: {places.FOLDER}")


def _tell(line: str) -> None:
    # In one piece: several servers tell at once.
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
