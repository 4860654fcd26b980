"""Which Redis a URL names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote

from mastery_engine.domain.errors import ConfigurationError

Topology = Literal["server", "sentinel", "cluster"]
SCHEMES: Final[Mapping[str, tuple[Topology, bool]]] = {
    "redis": ("server", False),
    "rediss": ("server", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
"""By scheme of a URL: how the servers stand to each other, and whether they are spoken to by TLS."""
_PORTS: Final[Mapping[Topology, int]] = {"server": 6_379, "sentinel": 26_379, "cluster": 6_379}
_OPTIONS: Final = frozenset(
    {
        "ca_file",
        "cert_file",
        "key_file",
        "replicas",
        "sentinel_username",
        "sentinel_password",
        "timeout",
    }
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]/@,?#\s]+)(?::(?P<port>\d{1,5}))?")
_LAST_PORT: Final = 65_535
_SHAPES: Final[Mapping[Topology, str]] = {
    "server": "redis://USER:PASSWORD@HOST:PORT/DATABASE",
    "sentinel": "redis+sentinel://HOST:PORT,HOST:PORT/PRIMARY/DATABASE",
    "cluster": "redis+cluster://HOST:PORT,HOST:PORT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """Where Redis is, and how it is spoken to.

    Attributes:
        topology: How its servers stand to each other.
        nodes: Hosts and ports: of the server, of the sentinels, or of some nodes of the cluster.
        primary: Name by which the sentinels know the primary; empty without them.
        database: Number of the database.
        username: Of an ACL; empty for the default user.
        password: Of the user; empty for none.
        sentinel_username: The same for the sentinels.
        sentinel_password: As above.
        tls: Whether to speak TLS.
        ca_file: Certificates that the server's own must be signed by; empty for those of the system.
        cert_file: Our own certificate; empty for none.
        key_file: Its key.
        replicas: How many replicas must have a write before it is taken for written.
        timeout: Seconds to wait for an answer.
    """

    topology: Topology
    nodes: tuple[tuple[str, int], ...]
    primary: str = ""
    database: int = 0
    username: str = ""
    password: str = ""
    sentinel_username: str = ""
    sentinel_password: str = ""
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    replicas: int = 0
    timeout: float = 5.0

    def __repr__(self) -> str:
        return f"RedisAddress({self.shown})"

    @property
    def shown(self) -> str:
        """For people and logs: no user, no password."""
        hosts = ",".join(f"{host}:{port}" for host, port in self.nodes)
        match self.topology:
            case "server":
                return f"redis at {hosts}/{self.database}"
            case "sentinel":
                return f"redis {self.primary}/{self.database} of the sentinels {hosts}"
            case "cluster":
                return f"redis cluster at {hosts}"


def is_redis(url: str) -> bool:
    """Whether a URL has one of the schemes."""
    return url.partition("://")[0] in SCHEMES


def read_address(setting: str, url: str) -> RedisAddress:
    """Read a URL.

    Args:
        setting: Name of the variable that holds it, for the message.
        url: The URL; user and password in percent-encoding where they need it.

    Raises:
        ConfigurationError: It is not well-formed; the message does not repeat it.
    """
    scheme, _, rest = url.partition("://")
    topology, tls = SCHEMES[scheme]
    place, _, query = rest.partition("?")
    if "@" in query:
        raise ConfigurationError(
            f"{setting} has a ? before its last @; in a user or a password write it %3F, and in an option write @ as %40"
        )
    credentials, _, place = place.rpartition("@")
    hosts, _, path = place.partition("/")
    options = _options(setting, query)
    username, _, password = credentials.partition(":")
    nodes = tuple(_node(setting, topology, one) for one in hosts.split(","))
    if topology == "server" and len(nodes) > 1:
        raise ConfigurationError(
            f"{setting} names several hosts; of Sentinel write {_SHAPES['sentinel']}, of a cluster {_SHAPES['cluster']}"
        )
    primary, database = _path(setting, topology, path.strip("/"))
    replicas = _number(setting, "replicas", options.get("replicas", "0"), 10)
    if replicas and topology == "cluster":
        raise ConfigurationError(f"{setting}: a cluster cannot be waited for; leave `replicas` out")
    return RedisAddress(
        topology=topology,
        nodes=nodes,
        primary=primary,
        database=database,
        username=unquote(username),
        password=unquote(password),
        sentinel_username=options.get("sentinel_username", ""),
        sentinel_password=options.get("sentinel_password", ""),
        tls=tls,
        ca_file=options.get("ca_file", ""),
        cert_file=options.get("cert_file", ""),
        key_file=options.get("key_file", ""),
        replicas=replicas,
        timeout=float(_number(setting, "timeout", options.get("timeout", "5"), 25) or 1),
    )


def _options(setting: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"{setting} has an option that is not known; known are {', '.join(sorted(_OPTIONS))}"
        )
    return options


def _node(setting: str, topology: Topology, text: str) -> tuple[str, int]:
    match = _HOST.fullmatch(text)
    port = int(match["port"] or _PORTS[topology]) if match else 0
    if match is None or not 0 < port <= _LAST_PORT:
        raise ConfigurationError(f"{setting} names no server; write it like {_SHAPES[topology]}")
    return match["host"].strip("[]"), port


def _path(setting: str, topology: Topology, path: str) -> tuple[str, int]:
    primary = ""
    if topology == "sentinel":
        primary, _, path = path.partition("/")
        if not primary:
            raise ConfigurationError(
                f"{setting} does not name the primary; write it like {_SHAPES[topology]}"
            )
    database = _number(setting, "the database", path or "0", 100_000)
    if database and topology == "cluster":
        raise ConfigurationError(f"{setting}: a cluster has no numbered databases; leave the number out")
    return unquote(primary), database


def _number(setting: str, name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise ConfigurationError(f"{setting}: {name} must be a number from 0 to {most:,}")
    return int(text)
