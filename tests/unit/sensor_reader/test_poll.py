"""One poll of one device: retries, what a failure leaves, quality."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.sensor_reader.adapters.simulated.bus import Fault, FaultKind, SimulatedBus, SimulatedHost, SimulatedLines
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device, HostPart, LinePart, Retries
from services.sensor_reader.core.polling.poll import poll_device
from services.sensor_reader.core.ports import Ports
from shared.messages import Frame, Quality

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GAUGE = ChipPart(CHIPS["max17043"], bus=1, address=0x36, mount=Mount())
MONITOR = ChipPart(CHIPS["ina219"], bus=1, address=0x40, mount=Mount("output", shunt_ohm=0.1))
BOTH = Device("ups", (GAUGE, MONITOR), retries=Retries(3, 0.01))
GAUGE_WORDS = {0x02: 0xB520, 0x04: 0x230F}
MONITOR_WORDS = {0x01: 0x01F4, 0x02: 0x2722}


class Bench:
    """A device on a simulated bus; ``pauses`` is what the poll waited."""

    def __init__(self) -> None:
        self.bus, self.lines, self.host = SimulatedBus(), SimulatedLines(), SimulatedHost(51.5)
        self.bus.load(0x36, GAUGE_WORDS)
        self.bus.load(0x40, MONITOR_WORDS, stride=1)
        self.pauses: list[float] = []

    def poll(self, device: Device = BOTH) -> Frame:
        return poll_device(device, Ports({1: self.bus}, self.lines, self.host), NOW, self.pauses.append)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_good_poll_holds_every_channel(bench: Bench) -> None:
    """All parts together make one frame, its envelope empty."""
    expected = {"battery_voltage": 3.6225, "state_of_charge": 35.05859375,
                "output_voltage": 5.008, "output_current": 0.05, "output_power": 0.2504}  # fmt: skip

    assert Frame(time=NOW, device="ups", values=expected) == bench.poll()
    assert bench.pauses == []


@pytest.mark.parametrize("failures", [1, 2])
def test_a_fault_that_passes_is_hidden_by_a_retry(bench: Bench, failures: int) -> None:
    """Fewer failures than attempts leave no trace but the pauses."""
    bench.bus.break_chip(0x36, Fault("nack", times=failures))

    assert (bench.poll().quality, bench.poll().errors) == (Quality.GOOD, ())
    assert [0.01] * failures == bench.pauses


@pytest.mark.parametrize(
    ("kind", "code"), [("nack", "nack"), ("timeout", "timeout"), ("bus", "bus"), ("absent", "nack")]
)
def test_a_failed_chip_makes_one_error_and_the_others_stand(bench: Bench, kind: FaultKind, code: str) -> None:
    """Three attempts, one ReadError; the frame is suspect and holds only what was read."""
    bench.bus.break_chip(0x36, Fault(kind))
    frame = bench.poll()

    assert [(code, "max17043@0x36")] == [(error.code, error.chip) for error in frame.errors]
    assert "(3 attempts)" in frame.errors[0].detail
    assert frame.quality == Quality.SUSPECT
    assert {"output_voltage", "output_current", "output_power"} == set(frame.values)
    assert bench.pauses == [0.01, 0.01]


def test_when_every_chip_fails_the_frame_is_bad_and_empty(bench: Bench) -> None:
    """No old value is carried over."""
    bench.poll()
    bench.bus.break_chip(0x36, Fault("nack"))
    bench.bus.break_chip(0x40, Fault("timeout"))
    frame = bench.poll()

    assert (frame.quality, frame.values) == (Quality.BAD, {})
    assert [error.code for error in frame.errors] == ["nack", "timeout"]


def test_retries_are_bounded(bench: Bench) -> None:
    """A dead chip is read exactly ``attempts`` times in a poll."""
    bench.bus.break_chip(0x36, Fault("absent"))
    bench.poll(replace(BOTH, parts=(GAUGE,), retries=Retries(5, 0.02)))

    assert bench.bus.reads == 5
    assert bench.pauses == [0.02] * 4


def test_overflow_is_a_doubt_about_the_current_alone(bench: Bench) -> None:
    """OVF is one implausible error of that channel; the rest of the frame stands, and so does its quality."""
    bench.bus.load(0x40, {0x02: 0x2723}, stride=1)
    frame = bench.poll()

    assert [("implausible", "ina219@0x40", "output_current")] == [(e.code, e.chip, e.channel) for e in frame.errors]
    assert frame.quality == Quality.GOOD
    assert "output_current" not in frame.values


def test_a_frame_without_a_believable_value_is_bad(bench: Bench) -> None:
    """Everything read but nothing believed is as good as nothing read."""
    bench.bus.load(0x36, {0x02: 0xFFFF, 0x04: 0xFFFF})

    assert bench.poll(replace(BOTH, parts=(GAUGE,))).quality == Quality.BAD


def test_registers_come_along_when_asked_for(bench: Bench) -> None:
    """The words as read, by chip and register."""
    expected = {"max17043.vcell": 0xB520, "max17043.soc": 0x230F, "ina219.shunt": 0x01F4, "ina219.bus": 0x2722}

    assert expected == bench.poll(replace(BOTH, registers=True)).registers
    assert bench.poll().registers is None


@pytest.mark.parametrize(("level", "high_means_mains", "mains"), [
    (True, True, True), (False, True, False), (True, False, False), (False, False, True),
])  # fmt: skip
def test_boards_differ_in_what_a_high_line_means(
    bench: Bench,
    level: bool,
    high_means_mains: bool,
    mains: bool,
) -> None:
    """X120x: high is mains; X728: high is mains lost."""
    bench.lines.levels[6] = level

    assert {"ac_present": mains} == bench.poll(Device("ups", (LinePart(6, high_means_mains),))).values


def test_the_host_gives_its_temperature(bench: Bench) -> None:
    """The host device has one channel."""
    assert bench.poll(Device("host", (HostPart(),))).values == {"cpu_temperature": 51.5}


def test_a_frozen_chip_answers_with_what_it_last_had(bench: Bench) -> None:
    """Frozen registers look like a good poll: only their standing still gives them away."""
    bench.bus.break_chip(0x36, Fault("frozen"))
    bench.bus.load(0x36, {0x02: 0xD480})

    assert (bench.poll().values["battery_voltage"], bench.poll().quality) == (3.6225, Quality.GOOD)
