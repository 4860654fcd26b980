"""Random histories with every fault end as if nothing had happened; `SEED=7 pytest FILE` plays one again."""

from __future__ import annotations

import os

import pytest

from tools.simulation.code import mutated
from tools.simulation.mutations import MUTATIONS
from tools.simulation.runs import play

CHUNKS = 20
HISTORIES_A_CHUNK = 50
SEED = os.environ.get("SEED")


@pytest.mark.parametrize("chunk", range(CHUNKS) if SEED is None else [None])
def test_whatever_fails_every_event_counts_once_and_is_accounted_for(chunk: int | None) -> None:
    first = int(SEED or 0) if chunk is None else chunk * HISTORIES_A_CHUNK
    for seed in range(first, first + (1 if chunk is None else HISTORIES_A_CHUNK)):
        failure = play(seed)
        assert failure is None, failure.text()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_list_of_mutations_is_in_step_with_the_code(mutation: object) -> None:
    assert mutation in MUTATIONS
    mutated(mutation)  # type: ignore[arg-type] # of MUTATIONS
