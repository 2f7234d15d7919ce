"""Tables for a terminal: nothing in them is cut short; where it is narrow, what can be spared is left out and named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from shared.safe_text import safe_text

INDENT = 4
BETWEEN = 2  # signs between columns
LAST = 24  # signs that the last column, which may be broken into lines, gets at least if it has as many
LAST_OR_BELOW = 48  # as LAST, where it may go below its row instead
Cell = str | Text


@dataclass(frozen=True, slots=True)
class FittedTable:
    """``right`` are the columns of numbers, ``spare`` those to be left out where it is narrow, dearest last.

    With ``below`` the last column goes below its row, indented, where there is no room for it beside the others.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Sequence[int] = ()
    spare: Sequence[int] = ()
    below: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as there is room."""
        shown, spared = list(range(len(self.names))), list(self.spare)
        if below := self.below and self._least(shown) > options.max_width:
            shown.pop()
        while spared and self._least(shown) > options.max_width:
            shown.remove(spared.pop(0))
        yield from self._lines(shown, console, options.max_width) if below else [self._table(shown)]
        all_but = self.names[:-1] if below else self.names
        if left_out := [name for at, name in enumerate(all_but) if at not in shown]:
            yield Text(f"no room for: {', '.join(left_out)}", style="dim")

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """From what cannot be done without to all of it."""
        whole = list(range(len(self.names) - self.below))
        least = self._least([at for at in whole if at not in self.spare])
        return Measurement(least, max(least, options.max_width))

    def _lines(self, shown: Sequence[int], console: Console, width: int) -> Iterator[Text]:
        """Yield the rows as lines, each with its last cell below it; a row that is too long is broken."""
        widths = {at: max(_text(cell).cell_len for cell in (self.names[at], *self._column(at))) for at in shown}
        yield self._line(self.names, widths, "bold")
        for row in self.rows:
            yield self._line(row, widths)
            for part in _text(row[-1]).wrap(console, max(width, LAST) - INDENT):
                yield Text(" " * INDENT) + part

    def _line(self, row: Sequence[Cell], widths: Mapping[int, int], style: str = "") -> Text:
        line = Text(style=style)
        for at, width in widths.items():
            cell = _text(row[at]).copy()
            cell.align("right" if at in self.right else "left", max(width, cell.cell_len))
            line.append_text(cell).append(" " * BETWEEN)
        line.rstrip()
        return line

    def _table(self, shown: Sequence[int]) -> Table:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for at in shown:
            broken = at == shown[-1] == len(self.names) - 1
            table.add_column(self.names[at], justify="right" if at in self.right else "left", no_wrap=not broken)
        for row in self.rows:
            table.add_row(*(_text(row[at]) for at in shown))
        return table

    def _least(self, shown: Sequence[int]) -> int:
        """Return how much room these columns need."""
        widths = [max(_text(cell).cell_len for cell in (self.names[at], *self._column(at))) for at in shown]
        if shown[-1] == len(self.names) - 1 and shown[-1] not in self.right:
            widths[-1] = min(widths[-1], LAST_OR_BELOW if self.below else LAST)
        return sum(widths) + BETWEEN * (len(widths) - 1)

    def _column(self, at: int) -> Iterable[Cell]:
        return (row[at] for row in self.rows)


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(safe_text(cell))
