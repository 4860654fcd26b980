"""Where the database is, as the user writes it, and as it may be shown."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from mastery_engine.domain.errors import ConfigurationError

CONNECT_SECONDS: Final = 5
"""How long one address is tried, unless the URL says otherwise."""

_SCHEME: Final = "postgresql://"
_DEFAULTS: Final[dict[str, str | int]] = {
    "connect_timeout": CONNECT_SECONDS,
    "fallback_application_name": "mastery",
    # A machine that went away without a word is noticed within half a minute.
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


class Address(NamedTuple):
    """A database.

    Attributes:
        parameters: What the driver connects with, password included.
        shown: Host, port and database.
    """

    parameters: dict[str, Any]
    shown: str

    def __repr__(self) -> str:
        return f"Address({self.shown})"


def read_address(url: str) -> Address:
    """Read a URL like `postgresql://user:password@host:5432/database?sslmode=verify-full`.

    Everything that PostgreSQL's own tools accept there is accepted: several hosts, sockets, any parameter.

    Raises:
        ConfigurationError: It cannot be read. The message never repeats it, as a part of the password may stand anywhere.
    """
    if not url.startswith(_SCHEME):
        raise ConfigurationError(
            "the URL of the archive does not begin with postgresql://; "
            "write it like postgresql://USER:PASSWORD@HOST:5432/DATABASE"
        )
    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        # The original error repeats the URL.
        raise ConfigurationError(
            "the URL of the archive cannot be read; write it like postgresql://USER:PASSWORD@HOST:5432/DATABASE, "
            "and write @ : / ? # % in a password as %40 %3A %2F %3F %23 %25"
        ) from None
    ports = str(given.get("port") or "").split(",")
    if not all(port.isdecimal() for port in ports if port):
        raise ConfigurationError(
            "the URL of the archive has a port that is no number; if that is a part of the password, "
            "write @ : / ? # % in it as %40 %3A %2F %3F %23 %25"
        )
    hosts = str(given.get("host") or given.get("hostaddr") or "the local socket").split(",")
    ports = [port or "5432" for port in ports]
    pairs = zip(hosts, ports if len(ports) == len(hosts) else ports[:1] * len(hosts), strict=True)
    database = given.get("dbname") or given.get("user") or "of the user's name"
    where = ",".join(f"{host}:{port}" for host, port in pairs)
    return Address({**_DEFAULTS, **given}, f"PostgreSQL at {where}, database {database}")
