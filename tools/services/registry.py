"""Apicurio Registry, by its Confluent-compatible interface; it forgets its schemas when it ends."""

from __future__ import annotations

import signal
import tarfile
from pathlib import Path
from typing import Final

import httpx

from tools.services.commands import require, run
from tools.services.places import building
from tools.services.service import Launch

VERSION: Final = "3.0.9"
_ARTIFACT: Final = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
# Later ones ask for the description of its parent, which was never published.
_GET: Final = "org.apache.maven.plugins:maven-dependency-plugin:2.8:get"
_LOCAL: Final = ["-q", "help:evaluate", "-Dexpression=settings.localRepository", "-DforceStdout"]


class Registry:
    """A registry."""

    name = "registry"
    ports = 1
    seconds = 90.0
    ending = signal.SIGTERM

    def version(self) -> str:
        """Of the registry."""
        return f"Apicurio {VERSION}"

    def prepare(self, folder: Path, ports: list[int]) -> Launch:
        """Fetch and unpack it."""
        require("java")
        home = _home()
        options = ["-XX:TieredStopAtLevel=1", "-Xmx384m", "-XX:+UseSerialGC"]
        listen = [f"-Dquarkus.http.port={ports[0]}", "-Dquarkus.http.host=127.0.0.1"]
        jar = home / f"apicurio-registry-app-{VERSION}-runner.jar"
        return Launch(["java", *options, *listen, "-jar", str(jar)], folder)

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it lists subjects; it must refuse by itself what would break readers."""
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{ports[0]}/apis/ccompat/v7/", timeout=5) as client:
                if not client.get("subjects").is_success:
                    return False
                told = client.put("config", json={"compatibility": "BACKWARD_TRANSITIVE"})
                return told.is_success
        except httpx.HTTPError:
            return False

    def address(self, ports: list[int]) -> str:
        """As clients want it."""
        return f"http://127.0.0.1:{ports[0]}/apis/ccompat/v7"


def _home() -> Path:
    name = f"apicurio-registry-{VERSION}"
    with building(name) as (folder, to_do):
        if to_do:
            require("mvn")
            run(["mvn", "-B", "-q", _GET, "-Dtransitive=false", f"-Dartifact={_ARTIFACT}"], cwd=folder)
            repository = Path(run(["mvn", "-B", *_LOCAL], cwd=folder).strip().splitlines()[-1])
            file = f"apicurio-registry-app-{VERSION}-all.tar.gz"
            with tarfile.open(repository / "io/apicurio/apicurio-registry-app" / VERSION / file) as packed:
                packed.extractall(folder, filter="data")
    with building(name) as (folder, _):
        return folder
