"""Every `sh` block of the documentation runs as written, and shows what the page says that it shows.

Blocks of a page run in order, with a home of their own, in a folder in which every entry of the repository
appears: paths are those of the repository, and what a page writes stays out of it. Variables carry over to
the next block. A comment on the line before a block may say more:

    <!-- exit 3 -->      this `sh` block ends with that exit code; without it, with 0
    <!-- needs kafka --> this page has Kafka and a registry, with topics of its own
    <!-- needs oulad --> this `sh` block and all after it need the data set, as $OULAD
    <!-- needs postgres --> this `sh` block and all after it need an empty database, as $MASTERY_ARCHIVE_URL, and a role of
                         its server, as $SERVICE_ROLE
    <!-- needs redis --> this `sh` block and all after it have the state in a Redis of the page's own, as $MASTERY_STORE_URL,
                         and redis-cli
    <!-- in one shell -->  all `sh` blocks of the page run in one shell, so that what they start and define stays
    <!-- shows -->       this `text` block holds lines of what the `sh` block before it printed
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tools.own_redis import OwnRedis
from tools.services.kafka import libraries as kafka_jars
from tools.services.places import CACHE_VARIABLE, cache

REPOSITORY = Path(__file__).parents[2]
WRITTEN_BY_HAND = ("README.md", "SECURITY.md", "docs/**/*.md")
LONGEST_SECONDS = 180
SERVERS_PAGE = "docs/how-to/run-the-services.md"
NOT_RUN = {"docs/how-to/call-the-api.md": "its commands need a service that runs; tests/api asks the same"}
BLOCK = re.compile(
    r"^(?P<indent> *)(?:<!-- (?P<note>[a-z0-9 ]+) -->\n(?P=indent))?"
    r"```(?P<kind>sh|text)\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
KEPT_VARIABLES = """
if [ -f "$PAGE_VARIABLES" ]; then . "$PAGE_VARIABLES"; fi
set -a
trap 'export -p > "$PAGE_VARIABLES"' EXIT
set -eu -o pipefail
"""
STRICT = "set -eu -o pipefail\n"
IN_ONE_SHELL = "in one shell"
BLOCK_ENDS = "--- a block of the page ends ---\n"
DAY_PAGE = "docs/how-to/a-day-with-the-api.md"


class Block(NamedTuple):
    line: int
    kind: str
    note: str
    body: str


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(
            text.count("\n", 0, found.start("kind")) + 1,
            found["kind"],
            found["note"] or "",
            dedent(found["body"]),
        )
        for found in BLOCK.finditer(text)
    ]


def pages() -> list[str]:
    found = {page for pattern in WRITTEN_BY_HAND for page in REPOSITORY.glob(pattern)}
    with_commands = [page for page in found if any(block.kind == "sh" for block in blocks_of(page))]
    names = sorted(page.relative_to(REPOSITORY).as_posix() for page in with_commands)
    return [name for name in names if name not in {*NOT_RUN, SERVERS_PAGE}]


def needs_kafka(page: str) -> bool:
    return any(block.note == "needs kafka" for block in blocks_of(REPOSITORY / page))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What looks like the repository; nothing that a page writes gets into the real one."""
    there = tmp_path / "repository"
    there.mkdir()
    for entry in REPOSITORY.iterdir():
        (there / entry.name).symlink_to(entry)
    return there


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MASTERY_", "COV_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "MASTERY_HOME": str(tmp_path / "home"),
        CACHE_VARIABLE: str(cache()),  # what was downloaded once
        "PAGE_VARIABLES": str(tmp_path / "variables"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "NO_INSTALL": "1",  # the folder's .venv is that of the repository
        "PYTHONUTF8": "1",
    }


def run(script: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and what was printed; nothing that the script started is left running."""
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=LONGEST_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, printed


def lines_of(text: str) -> list[str]:
    return [shown for line in text.splitlines() if (shown := line.strip())]


def oulad() -> Path | None:
    data = os.environ.get("MASTERY_TEST_DATA")
    folder = Path(data or "").expanduser().resolve() / "oulad"
    return folder if data and folder.is_dir() else None


@pytest.fixture
def on_servers(environment: dict[str, str], kafka_servers: str, registry_url: str) -> dict[str, str]:
    """The environment of a page that needs Kafka, with topics of its own."""
    return {
        **environment,
        "MASTERY_LOG_URL": f"kafka://{kafka_servers}",
        "MASTERY_REGISTRY_URL": registry_url,
        "MASTERY_KAFKA_PREFIX": f"page-{uuid4().hex[:12]}.",
        "KAFKA": kafka_servers,
        "KAFKA_JARS": str(kafka_jars()),
    }


@pytest.fixture
def redis_of_the_page(tmp_path: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Variables of a page that has a Redis of its own; the server's program comes with `redis-cli`."""
    server = OwnRedis(tmp_path / "redis")
    asyncio.run(server.start())
    launch = server.launch
    path = f"{Path(launch.argv[0]).parent}{os.pathsep}{environment['PATH']}"
    libraries = {name: one for name, one in launch.env.items() if name == "LD_LIBRARY_PATH"}
    yield {"MASTERY_STORE_URL": server.url, "PATH": path, **libraries}
    asyncio.run(server.kill())


@pytest.mark.parametrize("page", [page for page in pages() if not needs_kafka(page)])
def test_the_commands_of_a_page_run_and_show_what_it_says(
    page: str, folder: Path, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    follow(page, folder, environment, request)


@pytest.mark.parametrize("page", [page for page in pages() if needs_kafka(page)])
def test_so_do_those_of_a_page_on_kafka(
    page: str, folder: Path, on_servers: dict[str, str], request: pytest.FixtureRequest
) -> None:
    follow(page, folder, on_servers, request)


@pytest.mark.usefixtures(
    "kafka_servers", "registry_url", "postgres_url", "redis_url", "dapr_sidecar", "daprd"
)
def test_so_do_those_of_the_page_on_all_servers(
    folder: Path, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    follow(SERVERS_PAGE, folder, environment, request)


def check_shown(block: Block, where: str, printed: str) -> None:
    if block.note == "shows":
        lacking = [line for line in lines_of(block.body) if line not in lines_of(printed)]
        assert not lacking, f"{where}: not shown: {lacking}; shown was:\n{printed}"


def follow_in_one_shell(page: str, folder: Path, environment: dict[str, str]) -> None:
    """Run the `sh` blocks of a page as one script, and hold each `shows` against its own block."""
    blocks = blocks_of(REPOSITORY / page)
    end = f"printf '%s' '{BLOCK_ENDS}'\n"
    script = STRICT + "".join(block.body + end for block in blocks if block.kind == "sh")
    code, whole = run(script, folder, environment)
    assert code == 0, f"{page} ended with {code}:\n{whole}"
    shown = iter(whole.split(BLOCK_ENDS))
    printed = ""
    for block in blocks:
        if block.kind == "sh":
            printed = next(shown)
        check_shown(block, f"{page}:{block.line}", printed)


@pytest.fixture
def with_state_and_records_on_servers(
    environment: dict[str, str], redis_of_the_page: dict[str, str], ready_postgres: str
) -> dict[str, str]:
    return {**environment, **redis_of_the_page, "MASTERY_ARCHIVE_URL": ready_postgres}


def test_a_day_with_the_api_is_the_same_on_redis_and_postgresql(
    folder: Path, with_state_and_records_on_servers: dict[str, str], request: pytest.FixtureRequest
) -> None:
    follow(DAY_PAGE, folder, with_state_and_records_on_servers, request)


def follow(page: str, folder: Path, environment: dict[str, str], request: pytest.FixtureRequest) -> None:
    """Run the blocks of a page in order."""
    if any(block.note == IN_ONE_SHELL for block in blocks_of(REPOSITORY / page)):
        follow_in_one_shell(page, folder, environment)
        return
    printed = ""
    for block in blocks_of(REPOSITORY / page):
        where = f"{page}:{block.line}"
        if block.kind == "text":
            check_shown(block, where, printed)
            continue
        if block.note == "needs oulad":
            data = oulad()
            if data is None:
                pytest.skip(f"{where} and what follows: MASTERY_TEST_DATA names no folder that holds oulad/")
            environment = {**environment, "OULAD": str(data)}
        if block.note == "needs postgres":
            url: str = request.getfixturevalue("bare_postgres")
            role = urlsplit(url).username or "postgres"
            environment = {**environment, "MASTERY_ARCHIVE_URL": url, "SERVICE_ROLE": role}
        if block.note == "needs redis":
            environment = {**environment, **request.getfixturevalue("redis_of_the_page")}
        code, printed = run(KEPT_VARIABLES + block.body, folder, environment)
        expected = int(block.note.removeprefix("exit ")) if block.note.startswith("exit ") else 0
        assert code == expected, f"{where} ended with {code}:\n{printed}"


def test_a_note_before_a_block_is_one_that_the_runner_knows() -> None:
    unknown = [
        f"{page}:{block.line}: {block.note}"
        for page in [*pages(), SERVERS_PAGE]
        for block in blocks_of(REPOSITORY / page)
        if not re.fullmatch(r"|exit \d+|in one shell|needs (oulad|kafka|postgres|redis)|shows", block.note)
    ]
    assert not unknown


def test_every_example_file_is_used_by_a_page() -> None:
    texts = "\n".join(page.read_text("utf-8") for page in REPOSITORY.glob("docs/**/*.md"))
    unused = [file.name for file in (REPOSITORY / "docs/examples").iterdir() if file.name not in texts]
    assert not unused


def test_every_example_program_is_shown_whole() -> None:
    texts = "\n".join(page.read_text("utf-8") for page in REPOSITORY.glob("docs/**/*.md"))
    programs = [file.name for file in (REPOSITORY / "docs/examples").glob("*.py")]
    assert programs
    assert not [name for name in programs if f'\n--8<-- "{name}"\n' not in texts]
