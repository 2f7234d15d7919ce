"""What a backtest could not read of its recordings, for a person and for an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.sensor_reader.adapters.sources.csv_rows import PART
from services.sensor_reader.core.sources.feed import Refusal
from shared.messages import Frame

SHOWN = 5


@dataclass(slots=True)
class RowTally:
    """Rows played and refused, and cells left out of rows that were played; the first few reasons of each."""

    played: int = 0
    refused: int = 0
    left_out: int = 0
    reasons: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)

    def add(self, content: Frame | Refusal) -> None:
        """Count a row."""
        if isinstance(content, Refusal):
            self.refused += 1
            if len(self.reasons) < SHOWN:
                self.reasons.append(content.reason)
            return
        self.played += 1
        for error in content.errors:
            if error.chip == PART:
                self.left_out += 1
                if len(self.cells) < SHOWN:
                    self.cells.append(f"{content.time:%Y-%m-%dT%H:%M:%SZ}: {error.detail}")

    def lines(self) -> Iterator[str]:
        """Yield what to say: always how many rows were played, and what was not."""
        yield f"{_so_many(self.played, 'row')} played, {self.refused or 'none'} refused"
        yield from self._listed(self.reasons, self.refused)
        if self.left_out:
            yield f"{_so_many(self.left_out, 'cell')} left out of rows that were played"
            yield from self._listed(self.cells, self.left_out)

    def _listed(self, reasons: list[str], number: int) -> Iterator[str]:
        yield from (f"  {reason}" for reason in reasons)
        if number > len(reasons):
            yield f"  … and {number - len(reasons):,} more"


def _so_many(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
