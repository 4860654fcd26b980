"""How brokers are reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

_MOST_RECONNECT_MS: Final = 1_000
_SET_UP_MS: Final = 5_000

GroupProtocol = Literal["consumer", "classic"]


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Where the brokers are, and how to speak to them.

    Attributes:
        servers: `host:port`, several with commas between.
        group_protocol: How consumers share partitions: `consumer` (KIP-848) or `classic`.
    """

    servers: str
    security_protocol: str = "plaintext"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ca_file: Path | None = None
    group_protocol: GroupProtocol = "consumer"

    def config(self) -> dict[str, Any]:
        """What every client of librdkafka is told."""
        told: dict[str, Any] = {
            "bootstrap.servers": self.servers,
            "client.id": "mastery-engine",
            "security.protocol": self.security_protocol,
            "allow.auto.create.topics": False,
            "reconnect.backoff.max.ms": _MOST_RECONNECT_MS,
            "socket.connection.setup.timeout.ms": _SET_UP_MS,
            # Errors come back from the calls; lines of the library would go around the log.
            "log_level": 0,
        }
        if self.security_protocol.startswith("sasl"):
            told |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password,
            }
        if self.ca_file is not None:
            told["ssl.ca.location"] = str(self.ca_file)
        return told
