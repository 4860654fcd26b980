"""Dapr: one sidecar, with the state store and the pub/sub that the engine uses through it."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import httpx

from tools.services.daprd import VERSION, program
from tools.services.service import Launch, Tell

APP_ID: Final = "mastery-engine"
STATE_STORE: Final = "statestore"
PUB_SUB: Final = "pubsub"
_LOOPBACK: Final = "127.0.0.1"
# What a shell has set for another sidecar.
_OF_OTHERS: Final = ("DAPR_", "APP_API_TOKEN")


class Ports(NamedTuple):
    """Where a sidecar listens.

    Attributes:
        http: Its interface for programs.
        grpc: The same over gRPC.
        internal: For other sidecars.
        metrics: For Prometheus.
    """

    http: int
    grpc: int
    internal: int
    metrics: int


@dataclass(frozen=True)
class Sidecar:
    """How one is started.

    Attributes:
        app_id: What the app is called, by other sidecars and in scopes.
        resources: Folders of components, subscriptions and resiliency.
        configurations: Files, the later ones laid over the earlier.
        app_port: Where the app listens on HTTP; 0 for none.
        variables: More for its environment: tokens, say.
        flags: More for its command line.
    """

    app_id: str
    resources: Sequence[Path] = ()
    configurations: Sequence[Path] = ()
    app_port: int = 0
    variables: Mapping[str, str] | None = None
    flags: Sequence[str] = ()

    def launch(self, folder: Path, ports: Ports) -> Launch:
        """Its command, which listens on the loopback only."""
        flags = {
            "app-id": self.app_id,
            "dapr-http-port": ports.http,
            "dapr-grpc-port": ports.grpc,
            "dapr-internal-grpc-port": ports.internal,
            "metrics-port": ports.metrics,
            "dapr-listen-addresses": _LOOPBACK,
            "dapr-internal-grpc-listen-address": _LOOPBACK,
            "dapr-graceful-shutdown-seconds": 2,
        }
        if self.app_port:
            flags |= {
                "app-port": self.app_port,
                "app-protocol": "http",
                "app-channel-address": _LOOPBACK,
            }
        given = [f"--{name}={value}" for name, value in flags.items()]
        given += [f"--resources-path={one}" for one in self.resources]
        given += [f"--config={one}" for one in self.configurations]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)}
        # What it tells other sidecars; by default that of a network card, where it does not listen.
        env = {**kept, "DAPR_HOST_IP": _LOOPBACK, **(self.variables or {})}
        return Launch([str(program()), *given, *self.flags], folder, env)


class Dapr:
    """A sidecar without an app."""

    name = "dapr"
    needs = ("kafka", "redis")
    ports = len(Ports._fields)
    seconds = 60.0
    ending = signal.SIGTERM

    def __init__(self, servers: Mapping[str, str] | None = None) -> None:
        self._servers = servers or {}

    def beside(self, servers: Mapping[str, str]) -> Dapr:
        return Dapr(servers)

    def version(self) -> str:
        return VERSION

    def fetch(self, tell: Tell) -> None:
        program(tell)

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        resources, configuration = folder / "resources", folder / "configuration.yaml"
        resources.mkdir(exist_ok=True)
        (resources / "statestore.yaml").write_text(state_store(self._servers["redis"]))
        (resources / "pubsub.yaml").write_text(pub_sub(self._servers["kafka"]))
        configuration.write_text(names_in(folder / "names.db"))
        return Sidecar(APP_ID, [resources], [configuration]).launch(folder, Ports(*ports))

    def is_ready(self, ports: list[int]) -> bool:
        return answers(Ports(*ports), "healthz")

    def address(self, ports: list[int]) -> str:
        """Of gRPC."""
        return f"{_LOOPBACK}:{Ports(*ports).grpc}"


def answers(ports: Ports, health: str) -> bool:
    """Whether it says that it is well: `healthz`, or `healthz/outbound` if its app need not be there yet."""
    try:
        with httpx.Client(base_url=http_address(ports), timeout=2, trust_env=False) as client:
            return client.get(f"/v1.0/{health}").is_success
    except httpx.HTTPError:
        return False


def http_address(ports: Ports) -> str:
    """Where programs without gRPC find it."""
    return f"http://{_LOOPBACK}:{ports.http}"


def state_store(redis_url: str, name: str = STATE_STORE) -> str:
    """A component that keeps state in a Redis, under the keys as they are."""
    there = urlsplit(redis_url)
    metadata = {
        "redisHost": f"{there.hostname}:{there.port or 6379}",
        "redisUsername": unquote(there.username or ""),
        "redisPassword": unquote(there.password or ""),
        "redisDB": there.path.strip("/") or "0",
        "keyPrefix": "none",
    }
    return component(name, "state.redis", metadata)


def pub_sub(kafka_servers: str, name: str = PUB_SUB, group: str = APP_ID) -> str:
    """A component that publishes to Kafka's topics and subscribes to them."""
    metadata = {
        "brokers": kafka_servers,
        "authType": "none",
        "consumerGroup": group,
        "initialOffset": "oldest",
        # Of the protocol; brokers of today have forgotten the one of the default.
        "version": "2.8.0",
    }
    return component(name, "pubsub.kafka", metadata)


def component(name: str, kind: str, metadata: Mapping[str, str]) -> str:
    """A component's file."""
    items = "".join(
        f"    - name: {key}\n      value: '{value}'\n" for key, value in metadata.items() if value
    )
    head = f"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
    return f"{head}spec:\n  type: {kind}\n  version: v1\n  metadata:\n{items}"


def names_in(file: Path) -> str:
    """A configuration by which the sidecars that share a file find each other; the usual way is a multicast."""
    head = "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: names\nspec:\n"
    resolver = f"    component: sqlite\n    configuration:\n      connectionString: '{file}'\n"
    # After an hour a cleanup of 1.14 takes away the names that are in use, and their sidecars end.
    resolver += "      cleanupInterval: '0s'\n"
    return f"{head}  nameResolution:\n{resolver}"
