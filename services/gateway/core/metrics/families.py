"""A metric family as data, by Prometheus's conventions (https://prometheus.io/docs/practices/naming/).

Rules:
1. A name is ``upskeep_``, what is measured, and its base unit in the plural; a counter ends with ``_total``.
2. Units are base units: volts, amperes, seconds, celsius, ratio (0 to 1), bytes, joules …
3. A label has few values. Ids, messages and times are no labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PREFIX = "upskeep_"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value with its labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with all its samples. ``name`` is whole, but for a counter's ``_total``, which the writer adds."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, value: float, /, **labels: str) -> None:
        """Add a sample."""
        self.samples.append(Sample(labels, float(value)))
