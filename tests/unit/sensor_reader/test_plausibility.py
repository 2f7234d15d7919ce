"""A device's frames over time: a frozen part, a spike, and what is left of the frame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus, SimulatedLines
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.plausibility.limits import Plausibility
from services.sensor_reader.core.polling.device import ChipPart, Device, LinePart
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from shared.messages import Frame, Quality

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
GAUGE = ChipPart(CHIPS["max17048"], 1, 0x36, Mount())


class Rig:
    """A gauge and, if wanted, a mains line, polled once a second."""

    def __init__(self, *parts: ChipPart | LinePart, frozen_after_s: float | None = 5.0) -> None:
        self.bus, self.lines = SimulatedBus(), SimulatedLines()
        self.bus.attach(0x36, SIMULATED["max17048"](0x36))
        device = Device("ups", parts, plausibility=Plausibility(frozen_after_s=frozen_after_s))
        self.poller = Poller([device], Ports({1: self.bus}, self.lines), self.bus.wait, now=0.0)
        self.second = 0

    def poll(self, vcell: int, *, mains: bool = False) -> Frame:
        """Return the frame of a second at which VCELL holds this word (78.125 µV a step)."""
        self.bus.load(0x36, {0x02: vcell, 0x04: 0x3200})
        self.lines.levels[6] = mains
        (frame,) = self.poller.poll_due(float(self.second), NOON + timedelta(seconds=self.second))
        self.second += 1
        return frame


def test_a_frozen_gauge_goes_stale_and_says_since_when() -> None:
    """geeekpi/upsplus#152: registers stop updating after half an hour, and still acknowledge."""
    rig = Rig(GAUGE, LinePart(6, high_means_mains=True))
    frames = [rig.poll(0xBE00) for _ in range(7)]
    assert [Quality.GOOD] * 5 + [Quality.SUSPECT] * 2 == [frame.quality for frame in frames]
    assert {"ac_present": False} == frames[5].values
    (error,) = frames[5].errors
    assert ("frozen", "max17048@0x36") == (error.code, error.chip)
    assert error.detail.startswith("no number has changed by a bit for 5 s")


def test_it_is_good_again_with_the_first_number_that_moves() -> None:
    rig = Rig(GAUGE, LinePart(6, high_means_mains=True))
    for _ in range(7):
        rig.poll(0xBE00)
    assert (Quality.GOOD, 3.7999218750) == ((frame := rig.poll(0xBDFF)).quality, frame.values["battery_voltage"])


def test_a_full_battery_at_rest_on_the_mains_is_not_frozen() -> None:
    rig = Rig(GAUGE, LinePart(6, high_means_mains=True))
    assert {Quality.GOOD} == {rig.poll(0xD200, mains=True).quality for _ in range(60)}


def test_where_nothing_else_is_read_a_frozen_frame_is_stale_and_empty() -> None:
    monitor = ChipPart(CHIPS["ina219"], 1, 0x40, Mount(shunt_ohm=0.1))
    rig = Rig(monitor)
    rig.bus.attach(0x40, SIMULATED["ina219"](0x40))
    rig.bus.load(0x40, {0x01: 0xFE0C, 0x02: 0x2022}, stride=1)  # -50 mA: not enough to say that it must move
    assert {Quality.GOOD} == {rig.poll(0).quality for _ in range(10)}
    rig.bus.load(0x40, {0x01: 0xF830}, stride=1)  # -200 mA
    frames = [rig.poll(0) for _ in range(7)]
    assert (Quality.STALE, {}) == (frames[-1].quality, frames[-1].values)


def test_without_a_time_nothing_is_ever_held_to_be_frozen() -> None:
    rig = Rig(GAUGE, LinePart(6, high_means_mains=True), frozen_after_s=None)
    assert {Quality.GOOD} == {rig.poll(0xBE00).quality for _ in range(60)}


def test_a_high_byte_of_ones_now_and_then_makes_no_value() -> None:
    """frtz13/UPSPlus_mqtt: a rare 0xFF high byte; here a gauge's voltage jumps and is back with the next poll."""
    rig = Rig(GAUGE)
    frames = [rig.poll(vcell) for vcell in (0xBE00, 0xFF00, 0xBDF0)]
    assert [Quality.GOOD] * 3 == [frame.quality for frame in frames]
    assert "battery_voltage" not in frames[1].values
    assert [("implausible", "battery_voltage")] == [(error.code, error.channel) for error in frames[1].errors]


def test_a_failed_poll_in_between_is_no_proof_of_life() -> None:
    rig = Rig(GAUGE, LinePart(6, high_means_mains=True))
    for _ in range(4):
        rig.poll(0xBE00)
    rig.bus.break_chip(0x36, Fault("absent"))
    assert ["nack"] == [error.code for error in rig.poll(0xBE00).errors]
    rig.bus.break_chip(0x36, None)
    assert ["frozen"] == [error.code for error in rig.poll(0xBE00).errors]
