"""Fixtures for all tests, and hypothesis's profiles."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

import pytest
from hypothesis import settings
from redis.asyncio import Redis

if TYPE_CHECKING:
    from _pytest.capture import CaptureManager
    from _pytest.python import CallSpec2

    from tests.integration.own_broker import OwnBroker
    from tools.installation import Installation
    from tools.own_redis import OwnRedis

pytest_plugins = ["tests.databases"]

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


# By fixture: the variable that names a server, and what `make services` calls it.
SERVERS: Final = {
    "kafka_servers": ("MASTERY_TEST_KAFKA", "kafka"),
    "registry_url": ("MASTERY_TEST_REGISTRY", "registry"),
    "postgres_url": ("MASTERY_TEST_POSTGRES", "postgres"),
    "redis_url": ("MASTERY_TEST_REDIS", "redis"),
    "dapr_sidecar": ("MASTERY_TEST_DAPR", "dapr"),
    "s3_endpoint": ("MASTERY_TEST_S3", "s3"),
}
# What a test needs to start a sidecar of its own; built as servers are started.
PROGRAM: Final = "daprd"
# By the parameter of a fixture that asks for a server while the test runs.
BY_PARAMETER: Final = {
    "kafka": "kafka_servers",
    "kafka-classic": "kafka_servers",
    "postgres": "postgres_url",
    "redis": "redis_url",
    "dapr": "dapr_sidecar",
    "s3": "s3_endpoint",
}
_TRIED: Final = pytest.StashKey[dict[str, str | Exception]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers that the chosen tests want, before any test's time runs: they may have to be downloaded."""
    if session.config.getoption("collectonly"):
        return
    functions = [item for item in session.items if isinstance(item, pytest.Function)]
    wanted = {name for item in functions for name in item.fixturenames}
    wanted |= {BY_PARAMETER[name] for item in functions for name in _parameters(item) if name in BY_PARAMETER}
    names = [
        name
        for fixture, (variable, name) in SERVERS.items()
        if fixture in wanted and not os.environ.get(variable)
    ]
    names += [PROGRAM] if PROGRAM in wanted else []
    if names:
        capture = cast("CaptureManager", session.config.pluginmanager.getplugin("capturemanager"))
        with capture.global_and_fixture_disabled():
            _try_to_start(session.config, names)


def _parameters(item: pytest.Function) -> list[str]:
    """Those that are words, of a test that has any."""
    callspec = cast("CallSpec2 | None", getattr(item, "callspec", None))
    return [] if callspec is None else [value for value in callspec.params.values() if isinstance(value, str)]


def _try_to_start(config: pytest.Config, names: list[str]) -> None:
    # Not above: whoever runs tests without servers needs none of their clients.
    from tools.services.daprd import program  # noqa: PLC0415
    from tools.services.failures import ServiceError  # noqa: PLC0415
    from tools.services.running import attempts  # noqa: PLC0415

    def tell(line: str) -> None:
        print(f"{line}\n", end="", file=sys.stderr)  # noqa: T201 - for a person

    tried = config.stash.setdefault(_TRIED, {})
    if PROGRAM in names:
        try:
            tried[PROGRAM] = str(program(tell))
        except (ServiceError, OSError) as error:
            tried[PROGRAM] = error
    named = {name: os.environ[variable] for variable, name in SERVERS.values() if os.environ.get(variable)}
    tried |= attempts([name for name in names if name != PROGRAM], tell, named)


def _server(request: pytest.FixtureRequest) -> str:
    """Address of a real server: the one that the environment names, or one of `make services`, started if need be."""
    variable, name = SERVERS[request.fixturename or ""]
    return os.environ.get(variable) or _tried(request, name)


def _tried(request: pytest.FixtureRequest, name: str) -> str:
    """What starting a server, or building a program, came to."""
    tried = request.config.stash.setdefault(_TRIED, {})
    if name not in tried:
        _try_to_start(request.config, [name])
    found = tried[name]
    if isinstance(found, Exception):
        pytest.fail(f"{name}: {found}", pytrace=False)
    return found


@pytest.fixture(scope="session")
def kafka_servers(request: pytest.FixtureRequest) -> str:
    """A broker, as host:port. It is everybody's: a test has topics and groups of its own."""
    return _server(request)


@pytest.fixture(scope="session")
def registry_url(request: pytest.FixtureRequest) -> str:
    """A schema registry. It is everybody's: a test has subjects of its own."""
    return _server(request)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """A maintenance database of PostgreSQL, to make others from."""
    return _server(request)


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """A Redis. It is everybody's: a test has keys of its own."""
    return _server(request)


@pytest.fixture(scope="session")
def dapr_sidecar(request: pytest.FixtureRequest) -> str:
    """A Dapr sidecar's gRPC, as host:port, on that Redis and that broker. It is everybody's: a test has keys of its own."""
    return _server(request)


@pytest.fixture(scope="session")
def dapr_http(dapr_sidecar: str) -> str:
    """The same sidecar's HTTP."""
    from tools.services.dapr import Ports, http_address  # noqa: PLC0415 - as above
    from tools.services.running import read  # noqa: PLC0415 - as above

    named = os.environ.get("MASTERY_TEST_DAPR_HTTP")
    known = read("dapr")
    if named or known is None:
        return named or pytest.fail(
            f"MASTERY_TEST_DAPR_HTTP is not set, and {dapr_sidecar} is of MASTERY_TEST_DAPR"
        )
    return http_address(Ports(*known.ports))


@pytest.fixture(scope="session")
def daprd(request: pytest.FixtureRequest) -> Path:
    """The sidecar's program, built before the test's time runs: for whoever starts one of his own."""
    return Path(_tried(request, PROGRAM))


@pytest.fixture(scope="session")
def s3_endpoint(request: pytest.FixtureRequest) -> str:
    """What speaks S3. It is everybody's: a test has a path of its own."""
    return _server(request)


@pytest.fixture
def s3_url(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A path of a test's own in an object store, for whose tools the environment is set."""
    from tools.services.s3 import BUCKET, SECRET, USER  # noqa: PLC0415 - as above

    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": USER,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid4().hex}"


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Any]:
    """A client of that Redis itself."""
    made = cast("Any", Redis).from_url(redis_url)
    yield made
    await made.aclose()


@pytest.fixture
async def prefix(raw: Any) -> AsyncIterator[str]:
    """What a test's own keys begin with; they are removed in the end."""
    made = f"test:{uuid4().hex}:"
    yield made
    names = [name async for name in raw.scan_iter(f"{made}*", 1_000)]
    if names:
        await raw.unlink(*names)


@pytest.fixture
async def installation(kafka_servers: str, registry_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """Topics, schemas and a home of a test's own, on real servers."""
    from tools.installation import Installation  # noqa: PLC0415 - as above

    made = Installation(kafka_servers, registry_url, tmp_path)
    await made.prepare()
    yield made
    await made.remove()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[OwnBroker]:
    """A broker that the test may end and start again."""
    from tests.integration.own_broker import OwnBroker  # noqa: PLC0415 - as above

    made = OwnBroker(tmp_path / "kafka")
    await made.start()
    yield made
    await made.stop(signal.SIGKILL)


@pytest.fixture
async def make_redis(tmp_path: Path) -> AsyncIterator[Callable[..., OwnRedis]]:
    """Makes servers of the test's own, not started yet, which are ended in the end whatever becomes of it."""
    from tools.own_redis import OwnRedis  # noqa: PLC0415 - as above

    servers: list[OwnRedis] = []

    def server(*options: str, sentinel: bool = False) -> OwnRedis:
        servers.append(OwnRedis(tmp_path / f"redis-{len(servers)}", *options, sentinel=sentinel))
        return servers[-1]

    yield server
    for one in servers:
        await one.stop(signal.SIGKILL)


@pytest.fixture
async def own_redis(make_redis: Callable[..., OwnRedis]) -> OwnRedis:
    """A Redis that the test may end and start again."""
    server = make_redis()
    await server.start()
    return server


@pytest.fixture(scope="session")
def oulad_folder() -> Path:
    """The folder with the Open University's real data; README tells where to get it."""
    root = os.environ.get("MASTERY_TEST_DATA")
    if not root:
        pytest.skip("real data: MASTERY_TEST_DATA is not set (a folder that holds oulad/)")
    folder = Path(root).expanduser().resolve() / "oulad"
    if not folder.is_dir():
        pytest.skip(f"real data: MASTERY_TEST_DATA is set, and {folder} is no folder")
    return folder
