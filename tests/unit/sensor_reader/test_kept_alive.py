"""Chips that need more than to be read, polled for a while over their simulated twins."""

from __future__ import annotations

import pytest

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.chips import RegisterChip
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.core.reading import Reading
from shared.instants import us_to_time
from shared.messages import Frame
from tests.support.oracles.ours import attach, read


class House:
    """Devices of one chip each on one bus, polled together every second or later; time is the bus's own."""

    def __init__(self, *kinds: str) -> None:
        self.bus, self.kinds = SimulatedBus(), kinds
        devices = [Device(kind, (ChipPart(CHIPS[kind], 1, CHIPS[kind].addresses[0], Mount()),)) for kind in kinds]
        self.poller = Poller(devices, Ports({1: self.bus}), self.bus.wait, now=0.0)
        for kind in kinds:
            self.bus.attach(CHIPS[kind].addresses[0], SIMULATED[kind](CHIPS[kind].addresses[0]))

    def chip(self, kind: str) -> RegisterChip:
        found = self.bus.chip(CHIPS[kind].addresses[0])
        assert isinstance(found, RegisterChip)
        return found

    def show(self, kind: str, **payloads: str) -> None:
        for block in CHIPS[kind].blocks():
            if f"b{block.name}" in payloads:
                self.bus.hold(CHIPS[kind].addresses[0], block, bytes.fromhex(payloads[f"b{block.name}"]))

    def poll(self, after_s: float = 0.0) -> list[Frame | None]:
        """Return each device's frame, None where it has none."""
        self.bus.wait(after_s)
        frames = self.poller.poll_due(self.bus.now, us_to_time(round(self.bus.now * 1e6)))
        return [next((frame for frame in frames if frame.device == kind), None) for kind in self.kinds]


def codes(frame: Frame | None) -> list[str] | None:
    return None if frame is None else [error.code for error in frame.errors]


def test_a_cw2015_is_woken_and_its_first_charge_is_not_believed() -> None:
    """Asleep: woken, no frame. Awake and still searching: a voltage without a charge. Then both."""
    house = House("cw2015")
    house.show("cw2015", b02="2ee0", b04="ff00")
    first, second = house.poll(), house.poll(1.0)
    house.show("cw2015", b04="3280")
    third = house.poll(1.0)

    assert first is not None
    assert (codes(first[0]), codes(second[0]), codes(third[0])) == (None, ["implausible"], [])
    assert third[0] is not None
    assert third[0].values == {"battery_voltage": 3.66, "state_of_charge": 50.5}
    assert house.chip("cw2015").registers[0x0A] == 0x00


def test_the_adc_of_a_bq25792_stays_on_while_it_is_polled() -> None:
    """Three minutes: switched on once, kept by the watchdog's reset, and nothing to tell."""
    house = House("bq25792")
    frames = [house.poll(1.0)[0] for _ in range(180)]

    assert [codes(frame) for frame in frames if codes(frame) != []] == [None]
    assert house.chip("bq25792").registers[0x2E] & 0x80


def test_a_bq25792_that_was_left_alone_is_set_again_and_that_is_reported() -> None:
    """After a pause longer than its watchdog's the numbers were standing still: none is given."""
    house = House("bq25792")
    for _ in range(5):
        house.poll(1.0)
    after_a_pause = [house.poll(60.0)[0], *(house.poll(1.0)[0] for _ in range(3))]

    assert [codes(frame) for frame in after_a_pause] == [["reset"], [], [], []]
    assert after_a_pause[0] is not None
    assert after_a_pause[0].values == {}


def test_a_bq25895_converts_for_the_poll_that_follows() -> None:
    """The first poll starts a conversion and says nothing, for what stands there may be old."""
    house = House("bq25895")
    house.show("bq25895", b0b="04", b0c="00", b0e="5b6a009a1e")
    first, second = house.poll()[0], house.poll(1.0)[0]

    assert first is None
    assert second is not None
    assert second.values["battery_voltage"] == 4.124
    assert house.chip("bq25895").registers[0x02] == 0x3D | 0x80


def test_a_fault_of_a_bq25895_is_reported_once() -> None:
    """Its register forgets when it is read, so the next poll has none."""
    house = House("bq25895")
    house.poll()
    house.show("bq25895", b0c="08")
    frames = [house.poll(1.0)[0] for _ in range(2)]

    assert [frame.values["fault"] for frame in frames if frame] == ["battery_fault", "none"]


@pytest.mark.parametrize("kind", ["pisugar3", "upsplus", "ip5209"])
def test_a_chip_that_does_not_go_on_is_read_byte_by_byte(kind: str) -> None:
    """A block read would get the first byte again and again: the words come out right all the same."""
    house = House(kind)
    house.show(kind, b22="0fa0", b09="8813", ba2="e60e")
    [frame] = house.poll()
    address = CHIPS[kind].addresses[0]

    assert frame is not None
    expected = {"pisugar3": ("battery_voltage", 4.0), "upsplus": ("input_voltage", 5.0),
                "ip5209": ("battery_voltage", 2.6 + 0x0EE6 * 0.00026855)}[kind]  # fmt: skip
    assert frame.values[expected[0]] == pytest.approx(expected[1])
    assert house.bus.read_block(address, 0x22, 2) == bytes([house.bus.read_byte(address, 0x22)] * 2)


@pytest.mark.parametrize(("before", "after"), [("0fff", "1000"), ("ff0f", "0010")])
@pytest.mark.parametrize("kind", ["pisugar3", "upsplus", "ip5209", "ip5312"])
def test_words_of_two_moments_never_come_out(kind: str, before: str, after: str) -> None:
    """From 0x0FFF to 0x1000 while it is read: the new value, and never 0x0F00."""
    bus = SimulatedBus()
    address = attach(bus, kind)
    words = [block for block in CHIPS[kind].blocks() if block.twice and block.length == 2]

    def shown(payload: str, fault: Fault | None = None) -> Reading:
        for block in words:
            bus.hold(address, block, bytes.fromhex(payload))
        bus.break_chip(address, fault)
        return read(bus, kind)

    shown(before)
    whole = shown(after)
    shown(before)

    assert whole.registers == shown(after, Fault("torn", times=1)).registers


def test_a_failed_read_of_a_pijuice_is_no_current() -> None:
    """NUT's driver makes -0.001 A of it: here there is an error, and no value at all."""
    house = House("pijuice")
    house.bus.break_chip(0x14, Fault("nack"))
    [frame] = house.poll()

    assert frame is not None
    assert (["nack"], {}) == (codes(frame), frame.values)


def test_a_slow_chip_holds_up_nobody() -> None:
    """A gauge beside an SHT4x: the round takes the 10 ms of the one, and both have their frame."""
    house = House("sht4x", "max17043")
    house.show("sht4x", bfd="6666 8000")
    house.show("max17043", b02="b520 230f")
    frames = house.poll()

    assert [frame and frame.quality.value for frame in frames] == ["good", "good"]
    assert house.bus.now == pytest.approx(0.01)
