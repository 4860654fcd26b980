"""Real students through Kafka, workers and Redis: the same results as in files, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.oulad_stream import Road, both

MODULE = "GGG"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("daprd")
@pytest.mark.parametrize("road", ["redis", "dapr"])
async def test_results_of_a_module_are_the_same_by_both_roads(
    kafka_servers: str, registry_url: str, oulad_folder: Path, tmp_path: Path, road: Road
) -> None:
    servers = {"kafka": kafka_servers, "registry": registry_url}
    data = [str(oulad_folder), "-p", "2014B", "-m", MODULE]
    files, stream = await both(servers, tmp_path, data, road)
    assert stream.exported == files.exported
    lines = [json.loads(line) for line in files.exported.splitlines()]
    assert len(lines) > 500
    assert {course for one in lines for course in one["courses"]} == {f"{MODULE}_2014B"}
