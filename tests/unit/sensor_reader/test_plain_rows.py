"""Rows of a recording that are read quickly say what they say when they are read cell by cell."""

from __future__ import annotations

import csv

from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.adapters.sources.csv_rows import Row, csv_rows, read_header
from shared.messages import Frame

HEADER = "time,device,zone,battery_voltage,load_average,ac_present,lifecycle,of_my_own"
TIMES = st.sampled_from(["2026-01-31T12:00:00Z", "1769860800", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00+00:00", ""])
NAMES = st.sampled_from(["", "ups", "no name", "x" * 129, "über"])
NUMBERS = ("4.1", " 4.1 ", "-1", "1e3", "1_0", "inf", "nan", "0.91", "4.1 V", "4,1", "9" * 400, "-1e300", "9.3e18")
WORDS = ("", "true", "False", "ON", "none", "word", "w" * 5000, '"4.1"', '"')
CELLS = st.sampled_from([*NUMBERS, *WORDS])


def outcome(read: Row, line: str) -> Frame | str:
    try:
        return read(line)
    except (ValueError, csv.Error) as error:
        return f"{type(error).__name__}: {error}"


@given(st.tuples(TIMES, NAMES, NAMES, CELLS, CELLS, CELLS, CELLS, CELLS))
def test_a_row_read_quickly_is_the_row(cells: tuple[str, ...]) -> None:
    """Frame or refusal, whichever it is."""
    line = ",".join(cells)
    columns = read_header(HEADER, None, None)

    quick, slow = outcome(csv_rows(columns, None), line), outcome(csv_rows(columns, None, quick=False), line)

    assert slow == quick
    assert not isinstance(slow, Frame) or slow.model_dump_json() == quick.model_dump_json()  # type: ignore[union-attr]


def test_a_plain_row_gives_its_numbers_flags_and_words() -> None:
    frame = csv_rows(read_header(HEADER, None, None), None)("2026-01-31T12:00:00Z,ups,,4.1,,true,started,7")

    assert {"battery_voltage": 4.1, "ac_present": True, "lifecycle": "started", "of_my_own": 7.0} == frame.values
    assert ("ups", None) == (frame.device, frame.zone)
