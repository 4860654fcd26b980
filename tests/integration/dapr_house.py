"""The files of `deploy/dapr` on real servers, with nothing changed in them but addresses and names of topics."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.integration.certificates import certificates
from tests.integration.kafka_house import KafkaHouse, until
from tools.own_sidecar import OwnSidecar
from tools.services import redis as redis_service
from tools.services.dapr import Sidecar, component, names_in
from tools.services.daprd import program
from tools.services.places import ROOT
from tools.services.processes import free_ports, spawn
from tools.services.service import Launch, tell_nobody

FILES: Final = ROOT / "deploy" / "dapr"
ENGINE: Final = "mastery-engine"
AGENT: Final = "exercise-agent"
APP_TOKEN: Final = "a token that the sidecar shows its app"
USER: Final = "mastery"
PASSWORD: Final = "a-password-of-redis"


class DaprHouse:
    """Where sidecars find what they need."""

    def __init__(self, folder: Path, kafka: KafkaHouse, redis_port: int) -> None:
        self.kafka = kafka
        self.redis: Any = Redis(
            port=redis_port,
            username=USER,
            password=PASSWORD,
            ssl=True,
            ssl_cert_reqs="none",
            ssl_check_hostname=False,
            decode_responses=True,
        )
        self.trust: dict[str, str] = {}
        self.mtls: list[str] = []
        self._folder = folder
        self._files = folder / "dapr"
        self._sidecars: list[OwnSidecar] = []
        shutil.copytree(FILES, self._files)
        self._point(kafka.connection.servers, f"127.0.0.1:{redis_port}")
        (folder / "names.yaml").write_text(names_in(folder / "names.db"))

    def topic(self, name: str) -> str:
        return self.kafka.prefix + name

    async def sidecar(self, app_id: str, configuration: str, app_port: int = 0, **more: Any) -> OwnSidecar:
        """A sidecar that runs, with all the files; which of them count for it, the files say."""
        made = self.unstarted(app_id, configuration, app_port, **more)
        await made.start()
        return made

    def unstarted(
        self, app_id: str, configuration: str, app_port: int = 0, flags: Sequence[str] = ()
    ) -> OwnSidecar:
        how = Sidecar(
            app_id,
            [self._files, self._files / "components", self._folder / "secrets"],
            [self._folder / "names.yaml", self._files / configuration],
            app_port,
            {"APP_API_TOKEN": APP_TOKEN, **self.trust},
            [*self.mtls, *flags],
        )
        made = OwnSidecar(self._folder / f"{app_id}-{len(self._sidecars)}", how)
        self._sidecars.append(made)
        return made

    async def close(self) -> None:
        for one in self._sidecars:
            await one.kill()
        await self.redis.aclose()

    def _point(self, kafka: str, redis: str) -> None:
        for file in self._files.rglob("*.yaml"):
            text = file.read_text().replace("learning.events", self.topic("learning.events"))
            file.write_text(text.replace('"kafka:9092"', f'"{kafka}"').replace('"redis:6379"', f'"{redis}"'))
        pub_sub = self._files / "components" / "pubsub.yaml"
        text = pub_sub.read_text().replace('value: "mastery-engine"', f'value: "{self.kafka.group}"')
        # The tests' broker asks nobody who they are.
        pub_sub.write_text(text.replace('value: "password"', 'value: "none"'))
        certificate = (self._folder / "redis" / "cert.pem").read_text()
        secrets = {
            "mastery-redis": {"username": USER, "password": PASSWORD},
            "mastery-kafka": {"username": "nobody", "password": "nothing", "ca.crt": certificate},
        }
        store = self._folder / "secrets"
        store.mkdir()
        (store / "secrets.json").write_text(json.dumps(secrets))
        settings = {"secretsFile": str(store / "secrets.json"), "multiValued": "true"}
        (store / "kubernetes.yaml").write_text(component("kubernetes", "secretstores.local.file", settings))


@asynccontextmanager
async def dapr_house(folder: Path, kafka_servers: str) -> AsyncGenerator[DaprHouse]:
    """A Redis that asks for a password over TLS, topics of the test's own, and the files pointed at them."""
    kafka = KafkaHouse(kafka_servers)
    async with secure_redis(folder / "redis") as port:
        house = DaprHouse(folder, kafka, port)
        try:
            for name in ("learning.events", "learning.events.dead"):
                await kafka.log(name, 1)
            yield house
        finally:
            await house.close()
            await kafka.close()


@asynccontextmanager
async def secure_redis(folder: Path) -> AsyncGenerator[int]:
    """The port of a Redis that speaks TLS only, to one user only."""
    service, (port,) = redis_service.Redis(), free_ports(1, [])
    await asyncio.to_thread(service.fetch, tell_nobody)
    await asyncio.to_thread(certificates, folder)
    options = ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
    for kind, file in (("cert", "cert.pem"), ("key", "key.pem"), ("ca-cert", "ca.pem")):
        options += [f"--tls-{kind}-file", str(folder / file)]
    users = folder / "users.acl"
    users.write_text(f"user default off\nuser {USER} on ~* &* +@all >{PASSWORD}\n")
    launch = service.launch(folder, [port])
    log = folder / "server.log"
    with log.open("wb") as stream:
        process = spawn(replace(launch, argv=[*launch.argv, *options, "--aclfile", str(users)]), stream)
    client: Any = Redis(
        port=port,
        username=USER,
        password=PASSWORD,
        ssl=True,
        ssl_cert_reqs="none",
        ssl_check_hostname=False,
    )

    async def ready() -> bool:
        assert process.poll() is None, log.read_text()[-2_000:]
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False

    try:
        await until(ready)
        yield port
    finally:
        await client.aclose()
        process.kill()
        await asyncio.to_thread(process.wait, 40)


@asynccontextmanager
async def authority(house: DaprHouse, folder: Path) -> AsyncGenerator[None]:
    """Dapr's authority runs, and sidecars of the house that start now have a certificate from it."""
    (port,) = free_ports(1, [])
    log = folder / "sentry.log"
    await asyncio.to_thread(folder.mkdir)
    launch = Launch([str(program(name="sentry")), f"--port={port}", f"--credentials={folder}"], folder)
    with log.open("wb") as stream:
        process = spawn(launch, stream)

    async def ready() -> bool:
        assert process.poll() is None, log.read_text()[-2_000:]
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return (folder / "ca.crt").exists()

    try:
        await until(ready)
        house.trust = {"DAPR_TRUST_ANCHORS": (folder / "ca.crt").read_text()}
        house.mtls = ["--enable-mtls", f"--sentry-address=127.0.0.1:{port}"]
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.wait, 40)


def unique(name: str) -> str:
    """A key of the test's own."""
    return f"student:{name}-{uuid4().hex[:8]}:profile:current_mastery"
