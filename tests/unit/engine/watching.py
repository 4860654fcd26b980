"""Somebody who watches a replay."""

from __future__ import annotations


class Watching:
    """Notes what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, int]] = []
        self.records: list[tuple[int, int]] = []

    def read(self, records: int, total: int) -> None:
        self.records.append((records, total))

    def replayed(self, students: int, events: int, total: int) -> None:
        self.told.append((students, events, total))
