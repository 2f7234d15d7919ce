"""Distant devices: asked, looked after, and never waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.sensor_reader.core.nut.meaning import interpret
from services.sensor_reader.core.plausibility.limits import USUAL
from services.sensor_reader.core.polling.remote_devices import RemoteDevice, RemotePoller
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Doubt, Reading
from shared.messages import Frame, Quality

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
RACK = RemoteDevice("rack", "nut:ups@nas", interval_s=1.0, timeout_s=2.0, zone="attic")
FROZEN_AFTER_S = USUAL.frozen_after_s or 600.0
MAINS = Reading({"ac_present": True})


class Slow:
    """A correspondent that answers ``after_s`` on the test's own clock; None: never."""

    def __init__(self, answer: Reading | PortError, after_s: float | None = 0.0) -> None:
        self.said = answer
        self.after_s = after_s
        self.now = 0.0
        self.asked: list[float] = []
        self.under_way = False

    def ask(self, due: float) -> bool:
        if self.under_way and not self._ready():
            return False
        self.asked.append(due)
        self.under_way = True
        return True

    def answer(self) -> Reading | PortError | None:
        if not self.under_way or not self._ready():
            return None
        self.under_way = False
        return self.said

    def _ready(self) -> bool:
        return self.after_s is not None and self.now >= self.asked[-1] + self.after_s


def play(slow: Slow, until_s: float, device: RemoteDevice = RACK) -> list[tuple[float, Frame]]:
    """Run the clock to ``until_s`` by what is due next; return the frames with their seconds."""
    remote_poller = RemotePoller([device], {device.name: slow}, 0.0)
    frames: list[tuple[float, Frame]] = []
    while (due := remote_poller.next_due()) is not None and due <= until_s:
        slow.now = max(slow.now, due)
        time = START + timedelta(seconds=slow.now)
        frames += [(round(slow.now, 6), frame) for frame in remote_poller.poll_due(slow.now, time)]
    return frames


def test_an_answer_is_a_frame_of_the_moment_it_was_taken() -> None:
    """With the device's name and zone, good, on the device's own grid."""
    frames = play(Slow(MAINS, 0.3), 2.5)

    assert [0.31, 1.31, 2.31] == [at for at, _ in frames]
    assert (
        Frame(time=START + timedelta(seconds=0.31), device="rack", zone="attic", values={"ac_present": True})
        == (frames[0][1])
    )


def test_looking_after_an_answer_grows_seldom() -> None:
    """From 10 ms to 160 ms: a quick answer is taken quickly, a slow one costs little."""
    slow = Slow(MAINS, None)
    remote_poller = RemotePoller([RACK], {"rack": slow}, 0.0)
    remote_poller.poll_due(0.0, START)
    looks = []
    for _ in range(7):
        looks.append(remote_poller.next_due())
        remote_poller.poll_due(looks[-1], START)

    assert [0.01, 0.03, 0.07, 0.15, 0.31, 0.47, 0.63] == [round(look, 6) for look in looks]


def test_no_answer_is_one_frame_with_one_error() -> None:
    """Empty and bad; the device is asked no second thing while it is still at the first."""
    slow = Slow(MAINS, None)
    frames = play(slow, 9.9)

    assert [("timeout", "nut:ups@nas")] * len(frames) == [
        (error.code, error.chip) for _, frame in frames for error in frame.errors
    ]
    assert ["no answer within 2 s", "has not answered what it was asked before"] == [
        frame.errors[0].detail for _, frame in frames[:2]
    ]
    assert all(frame.quality is Quality.BAD and not frame.values for _, frame in frames)
    assert [0.0] == slow.asked


def test_an_answer_that_comes_too_late_is_thrown_away() -> None:
    """A frame holds what its own poll has read."""
    slow = Slow(Reading({"ac_present": False}), 2.5)
    remote_poller = RemotePoller(
        [RemoteDevice("rack", "nut:ups@nas", interval_s=3.0, timeout_s=2.0)], {"rack": slow}, 0.0
    )
    frames = []
    for now in (0.0, 2.0, 2.6, 3.0, 3.1):
        slow.now = now
        if now == 3.0:
            slow.said, slow.after_s = MAINS, 0.0
        frames += remote_poller.poll_due(now, START)

    assert [({}, "timeout"), ({"ac_present": True}, None)] == [
        (frame.values, frame.errors[0].code if frame.errors else None) for frame in frames
    ]


def test_a_failing_device_is_asked_less_often() -> None:
    """Up to every 30 s, as any other."""
    frames = play(Slow(PortError("nack", "nobody")), 100)

    assert [0, 1, 3, 7, 15, 31, 61, 91] == [int(at) for at, _ in frames]


def test_stale_data_are_stale_frames_without_values_at_the_usual_pace() -> None:
    """Nothing is carried over, and the end of it is seen at once."""
    frames = play(Slow(PortError("stale", "DATA-STALE")), 5.5)

    assert 6 == len(frames)
    assert {(Quality.STALE, ())} == {(frame.quality, tuple(frame.values)) for _, frame in frames}


def test_doubts_make_a_frame_suspect_and_nothing_but_doubts_bad() -> None:
    """As of any other device; a doubt about one channel is that channel's alone."""
    doubt = Doubt("implausible", "what a number")
    [(_, good)] = play(Slow(Reading({"load": 1.0}, (Doubt("implausible", "what a number", "co2"),))), 0.5)
    [(_, suspect)] = play(Slow(Reading({"load": 1.0}, (doubt,))), 0.5)
    [(_, bad)] = play(Slow(Reading({}, (doubt,))), 0.5)

    assert [Quality.GOOD, Quality.SUSPECT, Quality.BAD] == [good.quality, suspect.quality, bad.quality]
    assert ("implausible", "nut:ups@nas", "what a number") == (
        suspect.errors[0].code, suspect.errors[0].chip, suspect.errors[0].detail)  # fmt: skip


def test_well_and_nothing_new_is_no_frame() -> None:
    """Nor a failure: it is asked for its next turn, and hears of that at once."""
    slow = Slow(Reading(waits=True))

    assert [] == play(slow, 3.5)
    assert [0.0, 1.0, 2.0, 3.0, 4.0] == slow.asked


def test_a_charge_that_stands_still_or_leaps_is_good() -> None:
    """A NUT server's whole percents stand for minutes while the battery works, and fall by tens at once."""
    on_battery, _ = interpret({"ups.status": "OB DISCHRG", "battery.charge": "100", "output.current": "3.0"})
    fallen, _ = interpret({"ups.status": "OB DISCHRG", "battery.charge": "55", "output.current": "3.0"})
    slow = Slow(on_battery)
    remote_poller = RemotePoller([RACK], {"rack": slow}, 0.0)
    frames: list[Frame] = []
    while (due := remote_poller.next_due()) is not None and due <= 4 * FROZEN_AFTER_S:
        slow.now, slow.said = due, fallen if due > 2 * FROZEN_AFTER_S else on_battery
        frames += remote_poller.poll_due(due, START + timedelta(seconds=due))

    assert 4 * FROZEN_AFTER_S == len(frames)
    assert {(Quality.GOOD, ())} == {(frame.quality, frame.errors) for frame in frames}
    assert [100.0, 55.0] == [*dict.fromkeys(frame.values["state_of_charge"] for frame in frames)]


def test_one_that_hangs_holds_up_nobody() -> None:
    """The other keeps to its second."""
    other = RemoteDevice("other", "nut:b@nas", interval_s=1.0, timeout_s=2.0)
    hangs, quick = Slow(MAINS, None), Slow(MAINS, 0.0)
    remote_poller = RemotePoller([RACK, other], {"rack": hangs, "other": quick}, 0.0)
    seen = []
    while (due := remote_poller.next_due()) is not None and due <= 10:
        hangs.now = quick.now = due
        seen += [round(due, 2) for frame in remote_poller.poll_due(due, START) if frame.device == "other"]

    assert [n + 0.01 for n in range(10)] == seen


def test_nobody_to_ask_is_never_due() -> None:
    """An inquirer without devices lets the others go on."""
    assert RemotePoller([], {}, 0.0).next_due() is None
