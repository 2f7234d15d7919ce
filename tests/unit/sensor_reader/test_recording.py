"""Recordings: rows become frames, bad rows are refused and the rest plays on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.sources.recording import Recording, RecordingError
from services.sensor_reader.core.sources.feed import Item, Refusal, SourcePosition
from shared.messages import Frame, Quality, ReadError

HEADER = "time,battery_voltage,ac_present,state_of_charge\n"


def written(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def played(*files: Path, place: SourcePosition | None = None, device: str | None = None) -> list[Item]:
    return list(Recording(files, device).items(place or SourcePosition()))


def refusals(*files: Path) -> list[Refusal]:
    return [item.content for item in played(*files) if isinstance(item.content, Refusal)]


def frames(*files: Path, device: str | None = None) -> list[Frame]:
    return [item.content for item in played(*files, device=device) if isinstance(item.content, Frame)]


def test_a_row_becomes_a_frame(tmp_path: Path) -> None:
    """Numbers are floats, true is true, an empty cell is no channel."""
    path = written(tmp_path, HEADER + "2021-04-28T20:34:26Z,4.1,true,\n")
    time = datetime(2021, 4, 28, 20, 34, 26, tzinfo=UTC)

    frame = Frame(time=time, device="ups", values={"battery_voltage": 4.1, "ac_present": True}, simulated=True)
    assert [Item(1, frame)] == played(path)


def test_whole_numbers_stay_floats(tmp_path: Path) -> None:
    """A channel keeps one type all the way to the time series."""
    [frame] = frames(written(tmp_path, HEADER + "2021-01-01T00:00:00Z,4,false,79\n"))

    assert [("4.0", float), ("79.0", float)] == [
        (str(frame.values[name]), type(frame.values[name])) for name in ("battery_voltage", "state_of_charge")
    ]


@pytest.mark.parametrize(("header", "device", "expected"), [
    ("time,battery_voltage", None, "ups"), ("time,co2", None, "room"), ("time,co2", "cellar", "cellar"),
])  # fmt: skip
def test_the_device_follows_from_the_columns_unless_named(
    tmp_path: Path, header: str, device: str | None, expected: str
) -> None:
    """CSV rows name no device: a battery makes it the UPS, else it is a room."""
    [frame] = frames(written(tmp_path, f"{header}\n2021-01-01T00:00:00Z,4\n"), device=device)

    assert expected == frame.device


def test_byte_order_mark_and_carriage_returns_are_tolerated(tmp_path: Path) -> None:
    """As spreadsheets write it."""
    text = b"\xef\xbb\xbf" + (HEADER + "2021-01-01T00:00:00Z,4.1,,50\n").replace("\n", "\r\n").encode()

    assert frames(written(tmp_path, text))[0].values == {"battery_voltage": 4.1, "state_of_charge": 50.0}


@pytest.mark.parametrize(("row", "reason"), [
    ("yesterday,4.1,true,50", "time: not a time (got 'yesterday'); write it as 2026-01-31T12:00:00Z"),
    ("2021-01-01T00:00:00,4.1,true,50", "the time has no zone"),
    ("2021-01-01T00:00:00Z,4.1,true", "has 3 cells where the header has 4"),
    ("2021-01-01T00:00:00Z,4.1,true,50,9", "has 5 cells where the header has 4"),
    ('2021-01-01T00:00:00Z,"4.1,true,50', "unexpected end of data"),
])  # fmt: skip
def test_a_bad_row_is_refused_by_file_and_line_and_the_rest_plays_on(tmp_path: Path, row: str, reason: str) -> None:
    """One refusal, with its bytes; the rows around it are frames; all have their place."""
    good = "2021-01-01T00:00:00Z,4.1,true,50\n"
    path = written(tmp_path, f"{HEADER}{good}{row}\n{good}")
    items = played(path)

    assert [item.position for item in items] == [1, 2, 3]
    assert [Frame, Refusal, Frame] == [type(item.content) for item in items]
    [refusal] = refusals(path)
    assert (f"{path}:3", f"{row}\n".encode()) == (refusal.where, refusal.payload)
    assert refusal.reason.startswith(f"{path}:3: ")
    assert reason in refusal.reason


@pytest.mark.parametrize(("cells", "reason"), [
    ("four,true,50", "battery_voltage: not a number (got 'four')"),
    ("nan,true,50", "battery_voltage: not a number (got 'nan')"),
    ("1e999,true,50", "battery_voltage: not a number (got '1e999')"),
    ("4.1,1,50", "ac_present: must be true or false (got '1')"),
    ("-1,true,50", "battery_voltage -1 V is outside 0 to 1000 V"),
    ("4.1,true,106", "state_of_charge 106 % is outside 0 to 100 %"),
])  # fmt: skip
def test_a_bad_cell_is_left_out_and_the_others_of_its_row_count(tmp_path: Path, cells: str, reason: str) -> None:
    """It is an error of its channel, as of a live reading."""
    [frame] = frames(written(tmp_path, f"{HEADER}2021-01-01T00:00:00Z,{cells}\n"))

    [error] = frame.errors
    assert ("implausible", reason) == (error.code, error.detail)
    assert {"battery_voltage", "ac_present", "state_of_charge"} - {error.channel} == frame.values.keys()
    assert Quality.GOOD == frame.quality


def test_a_row_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    """With what was wrong with each cell."""
    [refusal] = refusals(written(tmp_path, "time,co2,battery_voltage\n2021-01-01T00:00:00Z,a lot,-1\n"))

    assert "co2: not a number (got 'a lot'); battery_voltage -1 V is outside 0 to 1000 V" in refusal.reason


def test_a_row_older_than_one_before_it_changes_nothing(tmp_path: Path) -> None:
    """Of the same device; also where the recording is gone on with after the newer row."""
    rows = ("2021-01-01T00:00:02Z,a,1", "2021-01-01T00:00:01Z,b,2", "2021-01-01T00:00:01Z,a,3")
    path = written(tmp_path, "\n".join(("time,device,co2", *rows, "")))

    [refusal] = refusals(path)
    assert f"{path}:4: its time is before 2021-01-01T00:00:02Z, which a row before it has" == refusal.reason
    assert [Refusal] == [type(item.content) for item in played(path, place=SourcePosition(2))]


def test_a_line_of_json_is_judged_as_a_live_reading_is(tmp_path: Path) -> None:
    """-127 °C is what a thermometer says that is not there."""
    line = Frame(time=datetime(2021, 1, 1, tzinfo=UTC), device="a", values={"air_temperature": -127.0, "co2": 600.0})
    [frame] = frames(written(tmp_path, line.model_dump_json() + "\n", "a.jsonl"))

    assert ({"co2": 600.0}, ["air_temperature"]) == (frame.values, [error.channel for error in frame.errors])


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A torn row does not stop the file."""
    path = written(tmp_path, HEADER.encode() + b"2021-01-01T00:00:00Z,4.1,\xff\xfe,50\n")

    assert [r.reason.removeprefix(f"{path}:2: ") for r in refusals(path)] == ["is not UTF-8 (byte 26: 0xff)"]


def test_an_unknown_column_is_carried_along(tmp_path: Path) -> None:
    """A number stays a number, and text stays text."""
    [frame] = frames(written(tmp_path, "time,fan,mode\n2021-01-01T00:00:00Z,3,eco\n"))

    assert frame.values == {"fan": 3.0, "mode": "eco"}


@pytest.mark.parametrize(("name", "text", "reason"), [
    ("a.csv", "", ":1: no column 'time' (found: nothing)"),
    ("a.csv", "a,b\n", ":1: no column 'time' (found: a, b)"),
    ("a.csv", "time,co2,co2\n", ":1: columns without a name of their own: co2"),
    ("a.csv", "time,,co2\n", ":1: columns without a name of their own: (empty)"),
    ("a.txt", "time\n", ": a recording is .csv or .jsonl, not .txt"),
])  # fmt: skip
def test_a_file_that_is_no_recording_is_refused_as_a_whole(tmp_path: Path, name: str, text: str, reason: str) -> None:
    """Before anything is played."""
    path = written(tmp_path, text, name)

    with pytest.raises(RecordingError) as caught:
        Recording((path,)).check()
    assert str(caught.value).startswith(str(path) + reason)


def test_a_missing_file_is_named() -> None:
    """With what to do about it."""
    with pytest.raises(
        RecordingError, match=r"^nowhere.csv: cannot be read: No such file or directory; check the name"
    ):
        Recording((Path("nowhere.csv"),)).check()


def test_a_line_of_json_is_a_frame_and_its_envelope_is_dropped(tmp_path: Path) -> None:
    """What a subscriber to raw/# has saved plays back, under a place of its own."""
    frame = Frame(
        time=datetime(2021, 1, 1, tzinfo=UTC), device="attic", quality=Quality.SUSPECT, values={"co2": 600.0, "x": "y"},
        errors=(ReadError(code="nack", chip="c"),), producer="p", epoch="e", seq=9,
    )  # fmt: skip
    path = written(tmp_path, frame.model_dump_json() + "\n\n[1]\n{]\n{}\n", "a.jsonl")
    first, array, broken, empty = played(path)

    assert Item(1, frame.model_copy(update={"producer": "", "epoch": "", "seq": 0})) == first
    assert [array.position, broken.position, empty.position] == [3, 4, 5]
    assert [item.content.reason.split(": ", 1)[1] for item in (array, empty) if isinstance(item.content, Refusal)] == [
        "is not a JSON object (got '[1]')",
        "device: Field required (got {}); time: Field required (got {})",
    ]


def test_files_play_in_turn_with_one_count(tmp_path: Path) -> None:
    """Each file has its own header; places run through."""
    one = written(tmp_path, "time,co2\n2021-01-01T00:00:00Z,1\n", "one.csv")
    two = written(tmp_path, "time,battery_voltage\n2021-01-02T00:00:00Z,4\n2021-01-03T00:00:00Z,4\n", "two.csv")

    assert [(item.position, item.content.device) for item in played(one, two) if isinstance(item.content, Frame)] == [
        (1, "room"),
        (2, "ups"),
        (3, "ups"),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["2021-01-01T00:00:00Z,1\n", "bad\n", "\n"]), max_size=12), st.integers(0, 14))
def test_playing_goes_on_anywhere(tmp_path: Path, rows: list[str], position: int) -> None:
    """Played up to a place and on from there is the same as played through, with bad and blank rows too."""
    half = len(rows) // 2
    one = written(tmp_path, "time,co2\n" + "".join(rows[:half]), "one.csv")
    two = written(tmp_path, "time,co2\n" + "".join(rows[half:]), "two.csv")
    whole = played(one, two)

    assert [item for item in whole if item.position > position] == played(one, two, place=SourcePosition(position))


@pytest.mark.recordings
@pytest.mark.parametrize(("name", "rows", "device"), [
    ("ups_hat_discharge_2021.csv", 2896, "ups"), ("room_climate_2015.csv", 8143, "room"),
])  # fmt: skip
def test_the_real_recordings_play_without_a_refusal(
    recording: Callable[[str], Path], name: str, rows: int, device: str
) -> None:
    """Every row of both is a good frame."""
    items = played(recording(name))

    assert rows == len(items)
    assert {(Frame, device)} == {
        (type(i.content), i.content.device if isinstance(i.content, Frame) else i.content.reason) for i in items
    }
