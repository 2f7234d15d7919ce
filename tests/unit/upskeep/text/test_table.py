"""Tables: nothing is cut short, and what is left out is named."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.measure import Measurement

from upskeep.text.table import FittedTable

ROWS = [("AC_POWER_LOSS", "1,234", "steady", "2026-01-31 12:00Z"), ("BATTERY_LOW", "7", "▲ more", "-")]
NAMES = ("event", "total", "trend", "last")
TABLE = FittedTable(NAMES, ROWS, right=(1,), spare=(2, 1))


def drawn(sheet: FittedTable, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(sheet)
    return [row.rstrip() for row in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_where_there_is_room_all_of_it_is_shown() -> None:
    """Numbers on the right, whole."""
    assert [
        "event          total  trend   last",
        "AC_POWER_LOSS  1,234  steady  2026-01-31 12:00Z",
        "BATTERY_LOW        7  ▲ more  -",
    ] == drawn(TABLE, 60)


def test_where_it_is_narrow_what_can_be_spared_is_left_out_and_named() -> None:
    """One column after the other, the dearest last."""
    assert [
        "event          total  last",
        "AC_POWER_LOSS  1,234  2026-01-31 12:00Z",
        "BATTERY_LOW        7  -",
        "no room for: trend",
    ] == drawn(TABLE, 40)
    assert "no room for: total, trend" == drawn(TABLE, 32)[-1]


@given(st.integers(1, 200))
def test_it_never_asks_for_less_room_than_its_words_need(width: int) -> None:
    """So what is shown at its least is whole."""
    console = Console(file=StringIO(), width=width)
    least = Measurement.get(console, console.options.update(width=1000), TABLE).minimum

    assert 32 == least
    assert all("…" not in row for row in drawn(TABLE, max(least, width)))
