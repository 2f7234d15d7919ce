"""The recorder: each frame once, in order, and what is missing is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.messages import Frame
from upskeep.transfer.recorder import RecordingTally

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALL: frozenset[str] = frozenset()


def payload(seq: int, device: str = "ups", epoch: str = "e1") -> str:
    time = NOON + timedelta(seconds=seq)
    return Frame(producer="r", epoch=epoch, seq=seq, time=time, device=device, values={"n": seq}).model_dump_json()


def test_a_line_is_the_frame_with_its_place_in_the_stream() -> None:
    line = RecordingTally().line(payload(7), ALL)
    assert line is not None
    assert Frame.model_validate_json(payload(7)) == Frame.model_validate_json(line)
    assert line.endswith("\n")


@given(st.lists(st.integers(1, 30), max_size=60))
def test_lines_are_in_order_each_once_and_what_was_skipped_is_counted(seqs: list[int]) -> None:
    tally = RecordingTally()
    written = [seq for seq in seqs if tally.line(payload(seq), ALL) is not None]
    assert sorted(set(written)) == written
    assert len(seqs) == tally.frames + tally.late
    assert (written[-1] - written[0] + 1 if written else 0) == tally.frames + tally.missing


def test_a_new_epoch_begins_anew_and_is_no_gap() -> None:
    tally = RecordingTally()
    assert all(tally.line(text, ALL) for text in (payload(90), payload(1, epoch="e2")))
    assert (2, 0) == (tally.frames, tally.missing)


def test_a_device_left_out_is_not_missing() -> None:
    tally = RecordingTally()
    lines = [
        tally.line(payload(seq, device), frozenset({"ups"})) for seq, device in enumerate(("ups", "cpu", "ups"), 1)
    ]
    assert [True, False, True] == [line is not None for line in lines]
    assert {"frames": 2, "devices": {"ups": 2}, "missing": 0, "repeated_or_late": 0, "unreadable": 0} == tally.summary()


def test_noise_on_raw_is_counted_and_not_written() -> None:
    tally = RecordingTally()
    assert tally.line("noise", ALL) is None
    assert 1 == tally.unreadable
