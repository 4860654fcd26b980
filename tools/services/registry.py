"""Apicurio Registry, by its Confluent-compatible interface; its schemas are in a file, so that their ids last."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

import httpx

from tools.services.commands import java, require, run
from tools.services.places import cache, is_whole, whole
from tools.services.service import Launch, Tell

VERSION: Final = "3.0.9"
COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
_ARTIFACT: Final = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
# Later ones ask for the description of its parent, which was never published.
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy"


class Registry:
    """A registry."""

    name = "registry"
    ports = 1
    seconds = 90.0
    ending = signal.SIGTERM

    def version(self) -> str:
        return f"Apicurio {VERSION}"

    def fetch(self, tell: Tell) -> None:
        place = _place()
        require("java", *([] if is_whole(place) else ["mvn"]))

        def fill(folder: Path) -> None:
            tell("registry: fetching it through Maven, 109 MB, this once")
            run(["mvn", "-B", "-q", _COPY, f"-Dartifact={_ARTIFACT}", "-DoutputDirectory=."], cwd=folder)
            packed = folder / f"apicurio-registry-app-{VERSION}-all.tar.gz"
            run(["tar", "-xzf", str(packed), "--no-same-owner"], cwd=folder)
            packed.unlink()

        whole(place, fill)

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        properties = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": str(ports[0]),
            "quarkus.banner.enabled": "false",
            "quarkus.http.access-log.enabled": "false",
            # Written at once: a registry that is killed forgets nothing.
            "apicurio.datasource.url": f"jdbc:h2:file:{folder / 'data' / 'registry'};WRITE_DELAY=0",
            "apicurio.rules.global.compatibility": COMPATIBILITY,
        }
        told = [f"-D{name}={value}" for name, value in properties.items()]
        memory = ["-XX:TieredStopAtLevel=1", "-Xmx384m", "-XX:+UseSerialGC"]
        jar = _place() / f"apicurio-registry-app-{VERSION}-runner.jar"
        return Launch([java(), *memory, *told, "-jar", str(jar)], folder)

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it answers; it must also say, by its own rule, that it refuses what would break readers."""
        try:
            with httpx.Client(base_url=f"{self.address(ports)}/", timeout=5, trust_env=False) as client:
                told = client.get("config")
                if told.is_success and told.json().get("compatibilityLevel") != COMPATIBILITY:
                    told = client.put("config", json={"compatibility": COMPATIBILITY})
                return told.is_success
        except (httpx.HTTPError, ValueError):
            return False

    def address(self, ports: list[int]) -> str:
        return f"http://127.0.0.1:{ports[0]}/apis/ccompat/v7"


def _place() -> Path:
    return cache() / f"apicurio-registry-{VERSION}"
