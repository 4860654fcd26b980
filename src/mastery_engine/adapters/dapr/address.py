"""Which sidecar and which of its components a URL names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from mastery_engine.domain.errors import ConfigurationError

SCHEME: Final = "dapr://"
ENDPOINT: Final = "DAPR_GRPC_ENDPOINT"
"""Variable of the environment by which Dapr's own libraries find a sidecar."""
PORT: Final = "DAPR_GRPC_PORT"
"""The same where only the port is told."""
_DEFAULT_PORT: Final = 50_001
_LAST_PORT: Final = 65_535
_SHAPES: Final = (
    "dapr://COMPONENT or dapr://HOST:PORT/COMPONENT, and ?keys=redis://HOST:PORT/DATABASE behind it"
)
_COMPONENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_HOST: Final = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]/@?#\s]+)"
_PLACE: Final = re.compile(rf"{_HOST}(?::(?P<port>\d{{1,5}}))?")
_GIVEN: Final = re.compile(
    rf"(?:(?P<scheme>https?)://|dns:(?:///?)?)?{_HOST}(?::(?P<port>\d{{1,5}}))?/?(?:\?tls=(?P<tls>true|false))?"
)


@dataclass(frozen=True, slots=True)
class DaprAddress:
    """A component of a sidecar.

    Attributes:
        target: Where the sidecar is, as gRPC writes it.
        component: Name of its state store.
        tls: Whether to speak TLS.
        keys_url: Where its keys can be listed; empty for nowhere.
    """

    target: str
    component: str
    tls: bool = False
    keys_url: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """For people and logs."""
        return f"the Dapr sidecar at {self.target}"


def read_address(setting: str, url: str, environment: Mapping[str, str]) -> DaprAddress:
    """Read a URL like `dapr://statestore` or `dapr://127.0.0.1:50001/statestore?keys=redis://127.0.0.1:6379/0`.

    Args:
        setting: Name of the variable that holds it, for the messages.
        url: The URL; begins with `SCHEME`.
        environment: Tells where the sidecar is, if the URL does not.

    Raises:
        ConfigurationError: It is not well-formed. Its message does not repeat it, as a part may be a password.
    """
    place, _, query = url.removeprefix(SCHEME).partition("?")
    server, slash, component = place.partition("/")
    if not slash:
        server, component = "", server
    name, _, keys_url = query.partition("=")
    if query and (name != "keys" or not keys_url):
        raise ConfigurationError(f"{setting} has an option other than `keys`; write it like {_SHAPES}")
    if not _COMPONENT.fullmatch(component):
        raise ConfigurationError(f"{setting} names no component; write it like {_SHAPES}")
    if "://" not in keys_url:
        keys_url = unquote(keys_url)
    if server:
        target, tls = _target(setting, _PLACE.fullmatch(server), _DEFAULT_PORT), False
    else:
        target, tls = _from_environment(environment)
    return DaprAddress(target, component, tls, keys_url)


def _from_environment(environment: Mapping[str, str]) -> tuple[str, bool]:
    endpoint = environment.get(ENDPOINT, "")
    if endpoint.startswith("unix:"):
        return endpoint, False
    if endpoint:
        found = _GIVEN.fullmatch(endpoint)
        tls = found is not None and (found["scheme"] == "https" or found["tls"] == "true")
        return _target(ENDPOINT, found, 80 if found is not None and found["scheme"] == "http" else 443), tls
    port = environment.get(PORT) or str(_DEFAULT_PORT)
    return _target(PORT, _PLACE.fullmatch(f"127.0.0.1:{port}"), _DEFAULT_PORT), False


def _target(setting: str, found: re.Match[str] | None, default: int) -> str:
    port = int(found["port"] or default) if found else 0
    if found is None or not 0 < port <= _LAST_PORT:
        raise ConfigurationError(
            f"{setting} names no sidecar; write its address like 127.0.0.1:{_DEFAULT_PORT}"
        )
    return f"{found['host']}:{port}"
