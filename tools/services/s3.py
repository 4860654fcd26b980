"""S3Proxy on a folder: what speaks S3, for tests of backups."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

import httpx

from tools.services.commands import java, require, run
from tools.services.places import cache, is_whole, whole
from tools.services.service import Launch, Tell

VERSION: Final = "2.6.0"
BUCKET: Final = "backups"
USER: Final = "tester"
SECRET: Final = "not-a-secret"  # noqa: S105 - of a server on loopback that holds what tests write
_POM: Final = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>s3-server</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.gaul</groupId><artifactId>s3proxy</artifactId><version>{VERSION}</version></dependency>
  </dependencies>
</project>
"""
_FORBIDDEN: Final = 403
_COPY: Final = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
_LOGGING: Final = """<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %p %m%n</pattern></encoder></appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"""


class S3:
    """A server with one bucket."""

    name = "s3"
    ports = 1
    seconds = 60.0
    ending = signal.SIGTERM

    def version(self) -> str:
        return f"S3Proxy {VERSION}"

    def fetch(self, tell: Tell) -> None:
        require("java", *([] if is_whole(_place()) else ["mvn"]))

        def fill(folder: Path) -> None:
            tell("s3: fetching its jars through Maven, 43 MB, this once")
            (folder / "pom.xml").write_text(_POM)
            run(["mvn", "-B", "-q", *_COPY], cwd=folder)

        whole(_place(), fill)

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        (folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        settings = {
            "s3proxy.endpoint": self.address(ports),
            "s3proxy.authorization": "aws-v2-or-v4",
            "s3proxy.identity": USER,
            "s3proxy.credential": SECRET,
            "jclouds.provider": "filesystem-nio2",
            "jclouds.identity": "local",
            "jclouds.credential": "local",
            "jclouds.filesystem.basedir": str(folder / "data"),
        }
        file, logging = folder / "s3proxy.conf", folder / "logback.xml"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        logging.write_text(_LOGGING)
        program = [java(), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        program += [f"-Dlogback.configurationFile={logging}", "-cp", f"{_place() / 'libs'}/*"]
        return Launch([*program, "org.gaul.s3proxy.Main", "--properties", str(file)], folder)

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it answers, though it be that a stranger may not look."""
        try:
            told = httpx.get(f"{self.address(ports)}/{BUCKET}", timeout=5, trust_env=False)
        except httpx.HTTPError:
            return False
        return told.is_success or told.status_code == _FORBIDDEN

    def address(self, ports: list[int]) -> str:
        return f"http://127.0.0.1:{ports[0]}"


def _place() -> Path:
    return cache() / f"s3proxy-{VERSION}"
