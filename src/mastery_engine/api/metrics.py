"""What this process has counted, in Prometheus's words; routes are templates, and nobody's id stands in a label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.ports import OpenRequests

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
KINDS: Final = ("erasure", "tenant_erasure")
"""Of requests that stay open until a process has done them."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"
_GONE: Final = "none"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@final
class Metrics:
    """Counters of one process, from its start."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests by template of the route and status; `none` where the caller had gone.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )

        self._tools = Counter(
            "mastery_tool_calls",
            "Calls of tools for language models: `ok`, or the code of the error; HTTP answers each of them 200.",
            ("tool", "outcome"),
            registry=self._registry,
        )

    def tool_called(self, tool: str, outcome: str) -> None:
        """Count one call of a tool.

        Args:
            tool: A name that is known.
            outcome: `ok`, or the code of an error.
        """
        self._tools.labels(tool, outcome).inc()

    def answered(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count one request.

        Args:
            method: As it was sent; one that HTTP does not know is `other`, since callers may make up very many.
            route: Template.
            status: Of the answer; None without one.
            seconds: How long it took.
        """
        known = method if method in _METHODS else _OTHER
        self._requests.labels(known, route, _GONE if status is None else str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def told(self, now: Collector) -> bytes:
        """All of it as text, with what only the moment of asking tells."""
        moment = CollectorRegistry()
        moment.register(now)
        return generate_latest(self._registry) + generate_latest(moment)


def metrics_of(request: Request) -> Metrics:
    """Those of the process."""
    metrics: Metrics = request.app.state.metrics
    return metrics


@final
class Moment(Collector):
    """What is known when somebody asks."""

    def __init__(
        self,
        now_ms: int,
        dependencies: dict[str, bool],
        open_requests: Sequence[OpenRequests] | None,
        caches: CacheCounts | None,
    ) -> None:
        """Take it.

        Args:
            now_ms: Unix milliseconds.
            dependencies: By name, whether it answers.
            open_requests: Requests of persons that wait; None where the stores of record do not answer.
            caches: What the caches have done; None without any.
        """
        self._now_ms = now_ms
        self._dependencies = dependencies
        self._open = open_requests
        self._caches = caches

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        up = GaugeMetricFamily(
            "mastery_dependency_up", "1 if it answers or works, 0 if not.", labels=("dependency",)
        )
        for name, is_up in self._dependencies.items():
            up.add_metric((name,), float(is_up))
        yield up
        if self._open is not None:
            yield from self._privacy(self._open)
        if self._caches is not None:
            yield from _caches(self._caches)

    def _privacy(self, waiting: Sequence[OpenRequests]) -> Iterable[Metric]:
        number = GaugeMetricFamily(
            "mastery_privacy_requests_open", "Requests of persons that are not done.", labels=("kind",)
        )
        age = GaugeMetricFamily(
            "mastery_privacy_oldest_open_request_seconds",
            "Age of the oldest of them; 0 without any. The deadline is 86400.",
            labels=("kind",),
        )
        by_kind = {one.kind: one for one in waiting}
        for kind in dict.fromkeys((*KINDS, *by_kind)):
            one = by_kind.get(kind)
            number.add_metric((kind,), 0 if one is None else one.number)
            age.add_metric((kind,), 0 if one is None else max(0, self._now_ms - one.oldest_ms) / 1_000)
        yield from (number, age)


def _caches(counts: CacheCounts) -> Iterable[Metric]:
    hits = CounterMetricFamily("mastery_cache_hits", "Learners found there.", labels=("level",))
    misses = CounterMetricFamily(
        "mastery_cache_misses", "Learners looked for there and not found.", labels=("level",)
    )
    for family, told in ((hits, counts.hits), (misses, counts.misses)):
        for level, count in told.items():
            family.add_metric((level,), count)
    yield from (hits, misses)
