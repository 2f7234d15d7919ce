"""What other programs export is read as a recording: each example of docs/recordings.md."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.sensor_reader.adapters.sources.recording import Recording
from services.sensor_reader.core.sources.cell_values import cell_value
from services.sensor_reader.core.sources.feed import Refusal, SourcePosition
from services.sensor_reader.core.sources.row_times import row_time
from shared.messages import Frame

PAGE = Path(__file__).resolve().parents[3] / "docs" / "recordings.md"
EXAMPLES = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=30)
VIENNA = ZoneInfo("Europe/Vienna")


def read(folder: Path, text: str, timezone: ZoneInfo | None = None) -> list[Frame | Refusal]:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return [item.content for item in Recording((path,), timezone=timezone).items(SourcePosition())]


@pytest.mark.parametrize(("number", "device"), list(enumerate(["ups", "ups", "ups", "ups", "ups", "ups"])))
def test_each_example_is_read_whole(tmp_path: Path, number: int, device: str) -> None:
    """The same two readings, however they are written."""
    found = read(tmp_path, EXAMPLES[number], ZoneInfo("UTC"))

    assert [] == [row for row in found if isinstance(row, Refusal)]
    frames = [row for row in found if isinstance(row, Frame)]
    assert [] == [error for frame in frames for error in frame.errors]
    assert {device} == {frame.device for frame in frames}
    assert (NOON, LATER) == (frames[0].time, frames[-1].time)
    said = {name: value for frame in frames if frame.time == NOON for name, value in frame.values.items()}
    assert 4.1 == said["battery_voltage"]
    ended = {name: value for frame in frames if frame.time == LATER for name, value in frame.values.items()}
    assert {4.0, False} >= {ended.get("battery_voltage", 4.0), ended.get("ac_present", False)}


def test_there_is_a_test_for_each_example() -> None:
    assert 6 == len(EXAMPLES)


def test_what_home_assistant_does_not_know_is_not_read(tmp_path: Path) -> None:
    """And takes nothing else of its row with it."""
    text = "time,ac_present,battery_voltage,relative_humidity\n2026-01-31T12:00:00Z,off,4.00,unavailable\n"
    [frame] = read(tmp_path, text)

    assert isinstance(frame, Frame)
    assert {"ac_present": False, "battery_voltage": 4.0} == frame.values
    assert () == frame.errors


def test_a_time_without_a_zone_needs_one(tmp_path: Path) -> None:
    """With what to do about it; noon in Vienna is eleven o'clock UTC in winter."""
    text = "time,co2\n2026-01-31 12:00:00,600\n"
    [refused] = read(tmp_path, text)
    [taken] = read(tmp_path, text, VIENNA)

    assert isinstance(refused, Refusal)
    assert "the time has no zone (got '2026-01-31 12:00:00'); name it with --timezone" in refused.reason
    assert isinstance(taken, Frame)
    assert NOON - timedelta(hours=1) == taken.time


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-31T12:00:00Z", "2026-01-31 12:00:00+00:00", "2026-01-31T13:00:00+01:00", "31.01.2026 12:00"),
        *("1769860800", "1769860800.000", "1769860800000", "1769860800000000", "1769860800000000000"),
    ],
)
def test_one_instant_is_read_however_it_is_written(text: str) -> None:
    assert NOON == row_time(text, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [("4,10", False, 4.1), ("-0,5", False, -0.5), ("1,234", True, 1.234), ("4.1 V", False, 4.1), ("4.1V", False, 4.1)],
)
def test_a_number_is_read_with_its_comma_and_its_unit(text: str, comma: bool, number: float) -> None:
    assert number == cell_value("battery_voltage", text, comma=comma)


def test_a_number_without_its_unit_keeps_its_last_digit() -> None:
    """The unit of a load average is written as 1."""
    assert (0.91, 0.91) == (cell_value("load_average", "0.91"), cell_value("load_average", "0.91 1"))


def test_a_comma_that_may_part_thousands_is_not_guessed_at() -> None:
    """In a file of commas it may be 1.234 or 1,234."""
    with pytest.raises(ValueError, match="not a number"):
        cell_value("battery_voltage", "1,234")
