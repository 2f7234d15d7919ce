"""Writes metric families by Prometheus's official client; the only door to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from services.gateway.core.metrics.families import Family


class Families(Collector):
    """Collects what ``source`` returns at each scrape."""

    def __init__(self, source: Callable[[], Iterable[Family]]) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Yield the families in the client's own terms."""
        for family in self._source():
            names = tuple(family.samples[0].labels)
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = kind(family.name, family.help, labels=names)
            for sample in family.samples:
                metric.add_metric([sample.labels[name] for name in names], sample.value)
            yield metric


class Exposition:
    """The page for scrapers: the suite's families and this process's own figures."""

    def __init__(self, source: Callable[[], Iterable[Family]]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(Families(source))
        ProcessCollector(registry=self._registry)

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type: OpenMetrics for who accepts it, else Prometheus's text."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
