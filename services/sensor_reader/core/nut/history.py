"""The earlier values of one UPS, which some of its present ones depend on.

Rules:
1. A UPS that has said CHRG before says by its absence that it does not charge.
2. A runtime that stays the same while the charge has moved by ``CHARGE_SPAN`` or the load by ``LOAD_SPAN`` is no
   estimate. It counts again as soon as it moves.
3. A test that had passed when the UPS was first seen is of any time before; only one that comes later is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.nut.table import TEST_RESULT, WORDS

CHARGE_SPAN = 5.0  # percent
LOAD_SPAN = 20.0  # percent
FULL_LOAD = 100.0  # percent
LONGEST_TEXT = 200
KNOWN = frozenset(word.word for word in WORDS)
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RuntimeHistory:
    """The runtime last shown, and the lowest and highest charge and load (percent) since it has stood there."""

    value: float | None = None
    charge: Span | None = None
    load: Span | None = None

    def after(self, values: Mapping[str, float]) -> RuntimeHistory:
        """Return it after a poll that showed ``values``."""
        value = values.get("runtime_left_s")
        before = self if value == self.value else RuntimeHistory()
        charge, load = values.get("state_of_charge"), values.get("output_load")
        return RuntimeHistory(value, _widened(before.charge, charge), _widened(before.load, load))

    @property
    def stands_still(self) -> bool:
        """Whether it ought to have moved."""
        return self.value is not None and (_width(self.charge) >= CHARGE_SPAN or _width(self.load) >= LOAD_SPAN)


@dataclass(frozen=True, slots=True)
class History:
    """``words`` of the table that ``ups.status`` ever showed; ``first_test``: the first text of a test's result.

    ``load_was_percent``: a load between 0 and 100 was seen, so its figure is a percentage.
    """

    words: frozenset[str] = frozenset()
    runtime: RuntimeHistory = field(default_factory=RuntimeHistory)
    first_test: str | None = None
    load_was_percent: bool = False

    def with_figures(self, values: Mapping[str, float]) -> History:
        """Return it after a poll that showed these numbers."""
        percent = self.load_was_percent or 0 < values.get("output_load", 0) <= FULL_LOAD
        return replace(self, runtime=self.runtime.after(values), load_was_percent=percent)

    def after(self, words: frozenset[str], variables: Mapping[str, str]) -> History:
        """Return it after a poll; whoever reads the figures keeps the runtime."""
        test = variables.get(TEST_RESULT, "")[:LONGEST_TEXT] if self.first_test is None else self.first_test
        return replace(self, words=self.words | words & KNOWN, first_test=test)


def _widened(span: Span | None, value: float | None) -> Span | None:
    if value is None:
        return span
    return (value, value) if span is None else (min(span[0], value), max(span[1], value))


def _width(span: Span | None) -> float:
    return 0.0 if span is None else span[1] - span[0]
