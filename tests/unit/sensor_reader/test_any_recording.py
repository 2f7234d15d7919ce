"""Any file as a recording: it plays, row by row refused or not, or is no recording; the reader goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.sources.recording import Recording, RecordingError
from services.sensor_reader.core.sources.feed import Refusal, SourcePosition
from shared.messages import Frame
from tests.support.payloads import CHARACTERS, TIMES, payloads
from tests.support.scenarios import START

CELLS = st.one_of(
    TIMES,
    st.text(CHARACTERS, max_size=8),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ["", '"', '""', '"a', "1,5", "1.234,5", "31.01.2026", "31.13.2026 25:61", "9" * 19, "9" * 25, "0" * 9,
         "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00", "2026-01-31 24:00", "NaN", "-inf", "true", "off",
         "unavailable", "4.1 V", "5e-324", "1e999", "٣", "²", "room", "..", "\x00", "\x1b[2J", "=1+1", "-1"]
    ),
)  # fmt: skip
NAMES = st.sampled_from(
    ["time", "Time", "_time", "last_changed", "device", "zone", "battery_voltage", "co2", "ac_present", "entity_id",
     "state", "_field", "_value", "name", "result", "fan", "", "é", "#x", "sep=;", "x" * 200]
)  # fmt: skip
SIGNS = st.sampled_from([",", ";", "\t"])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A file as a spreadsheet might have written it, and torn here and there."""
    sign = draw(SIGNS)
    names = draw(st.lists(NAMES, min_size=1, max_size=5))
    if draw(st.integers(0, 3)):
        names[0] = "time"
    lines = [sign.join(names)]
    width = len(names)
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5))
    lines += [sign.join(row) for row in rows]
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    return text + draw(st.binary(max_size=6))


@contextmanager
def file_of(content: bytes, ending: str) -> Iterator[Recording]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{ending}"
        path.write_bytes(content)
        yield Recording((path,), timezone=UTC)


def play(content: bytes, ending: str) -> list[Frame | Refusal]:
    """Return what is played; a frame must stand on the wire, and a refusal in a log."""
    with file_of(content, ending) as recording:
        try:
            found = [item.content for item in recording.items(SourcePosition(0, START))]
        except RecordingError:
            return []
    for each in found:
        if isinstance(each, Frame):
            assert each == Frame.model_validate_json(each.model_dump_json())
        else:
            assert each.reason
    return found


@given(tables() | st.binary(max_size=60))
@settings(max_examples=300)
@example(b"time,co2\n0001-01-01T00:00:00+14:00,1\n2026-01-31T12:00:00Z,600")
@example(b"time,co2\n9999-12-31T23:59:59-14:00,1\n2026-01-31T12:00:00Z,600")
def test_any_csv_is_played_or_refused(content: bytes) -> None:
    """Nothing but RecordingError comes out, and that for the file as a whole."""
    play(content, "csv")


def test_a_time_that_no_calendar_has_in_utc_costs_its_row_alone() -> None:
    """The first of the year 1 east of Greenwich, the last of 9999 west of it."""
    rows = [b"time,co2", b"0001-01-01T00:00:00+14:00,1", b"9999-12-31T23:59:59-14:00,1", b"2026-01-31T12:00:00Z,600"]

    assert [Refusal, Refusal, Frame] == [type(each) for each in play(b"\n".join(rows), "csv")]


@given(st.lists(payloads(Frame).map(lambda found: json.dumps(found).encode()) | st.binary(max_size=40), max_size=5))
@settings(max_examples=150)
@example([b"[" * 100_000])
@example([b'{"values": ' + b'{"a":' * 100_000])
@example([b'{"time": ' + b"9" * 10_000 + b"}"])
def test_any_line_of_json_is_a_frame_or_refused(lines: list[bytes]) -> None:
    """Nested without end, numbers without end, torn: each costs its line."""
    play(b"\n".join(lines), "jsonl")
