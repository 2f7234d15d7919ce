"""Asking chips of the odd kinds: checks, busy chips, torn words, measurements that have to be started."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.chips import CommandChip, RegisterChip
from services.sensor_reader.core.bus.chip_io import ChipAddress, ChipMemory, fetch_block, read_chip
from services.sensor_reader.core.bus.interleave import interleave
from services.sensor_reader.core.chips.model import Chip, Periodic, Ready, Setting
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.ports import BusError
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.checksums import CRC8_A_WORD
from services.sensor_reader.core.registers.fields import Block, Command, Field, Register, bits, byte

AT = 0x44
FAST = Block(b"\xfd", 4, how="plain", check=CRC8_A_WORD, wait_s=0.01, again=2)


class Bench:
    """One chip on a simulated bus, asked again and again."""

    def __init__(self, chip: Chip, simulated: CommandChip | RegisterChip) -> None:
        self.bus, self.chip, self.memory = SimulatedBus(), chip, ChipMemory()
        self.bus.attach(AT, simulated)

    def ask(self) -> Reading:
        asked = read_chip(self.chip, ChipAddress(self.bus, AT), Mount(), self.memory, self.bus.now)
        reading, self.memory = interleave([asked], self.bus.wait)[0]
        return reading


def fetched(bus: SimulatedBus, block: Block) -> bytes:
    return interleave([fetch_block(ChipAddress(bus, AT), block)], bus.wait)[0]


def slow(busy_s: float) -> SimulatedBus:
    """A chip that takes ``busy_s`` for its measurement."""
    bus, chip = SimulatedBus(), CommandChip(AT, CRC8_A_WORD, {b"\xfd": busy_s})
    chip.hold(FAST, bytes.fromhex("6666 8000"))
    bus.attach(AT, chip)
    return bus


@pytest.mark.parametrize(("busy_s", "waited_s"), [(0.0083, 0.01), (0.015, 0.02), (0.029, 0.03)])
def test_a_measurement_is_waited_for(busy_s: float, waited_s: float) -> None:
    """A chip that does not acknowledge yet is asked again, as often as its table says."""
    bus = slow(busy_s)

    assert fetched(bus, FAST) == bytes.fromhex("6666 8000")
    assert waited_s == pytest.approx(bus.now)


def test_a_chip_that_never_finishes_is_a_nack() -> None:
    """After ``again`` more reads it has failed, and nothing waits for ever."""
    with pytest.raises(BusError, match="nack"):
        fetched(slow(1.0), FAST)


def test_a_wrong_check_byte_is_no_answer() -> None:
    """The error says what came and which check failed."""
    bus = slow(0.0)
    bus.break_chip(AT, Fault("noise"))

    with pytest.raises(BusError) as caught:
        fetched(bus, FAST)

    assert ("crc", "at 0x44: block fd came as 76 66 93 80 00 a2: CRC-8 after every word is wrong") == (
        caught.value.code,
        caught.value.detail,
    )


TWO_BYTES = Block(b"\x22", 2, how="bytes", twice=True)


def changing(times: int | None) -> SimulatedBus:
    """A chip whose word went from 0x0FFF to 0x1000 while it is read."""
    bus, chip = SimulatedBus(), RegisterChip()
    bus.attach(AT, chip)
    chip.set_bytes(0x22, b"\x0f\xff")
    fetched(bus, TWO_BYTES)
    chip.set_bytes(0x22, b"\x10\x00")
    bus.break_chip(AT, Fault("torn", times))
    return bus


def test_a_word_that_changes_while_it_is_read_is_read_again() -> None:
    """Read in two bytes, 0x0FFF to 0x1000 could come as 0x0F00; two in a row have to agree."""
    once = replace(TWO_BYTES, twice=False)

    assert fetched(changing(1), once) == b"\x0f\x00"
    assert fetched(changing(1), TWO_BYTES) == b"\x10\x00"


def test_a_word_that_is_never_the_same_is_no_answer() -> None:
    """Four readings, no two in a row alike."""
    bus, chip = SimulatedBus(), RegisterChip(works_out={0x22: lambda _: bus.reads % 2})
    bus.attach(AT, chip)

    with pytest.raises(BusError, match=r"torn: at 0x44: block 22 read otherwise each of 4 times"):
        fetched(bus, Block(b"\x22", 1, twice=True))


COUNT = byte("count", 0x10)
ENABLE = byte("control", 0x2E)
FIELDS = (Field("count", COUNT, bits(7, 0), Fraction(1), "ppm", "test", channel="co2"),)
ENABLED = Chip("enabled", "test", (AT,), FIELDS, settings=(Setting(ENABLE, 0x80, 0x80, "test"),))


def test_a_bit_that_is_needed_is_set_once_and_the_others_kept() -> None:
    """First poll: set, and no value yet. After that only reads."""
    chip = RegisterChip(defaults={0x2E: 0x31, 0x10: 7})
    bench = Bench(ENABLED, chip)

    assert Reading(waits=True) == bench.ask()
    assert chip.registers[0x2E] == 0xB1
    assert bench.ask().values == {"co2": 7}
    assert bench.ask().doubts == ()


def test_a_brownout_is_noticed_reported_and_mended() -> None:
    """The bit is gone: one doubt, no value, and the next poll is well."""
    chip = RegisterChip(defaults={0x2E: 0x80, 0x10: 7})
    bench = Bench(ENABLED, chip)
    bench.ask()
    chip.registers[0x2E] = 0x00
    lost = bench.ask()

    assert ["control reads 0x0 and was 0x80: the chip has lost power or was reset; set again"] == [
        d.detail for d in lost.doubts
    ]
    assert lost.values == {}
    assert bench.ask().values == {"co2": 7}


def test_a_conversion_is_started_for_the_next_poll() -> None:
    """What stands there at the first poll may be of yesterday; then each poll reads the conversion before it."""
    chip = RegisterChip(defaults={0x2E: 0x00, 0x10: 7})
    bench = Bench(replace(ENABLED, settings=(Setting(ENABLE, 0x80, 0x80, "test", clears_itself=True),)), chip)
    first = bench.ask()
    chip.registers |= {0x2E: 0x00, 0x10: 8}

    assert (Reading(waits=True), {"co2": 8}) == (first, bench.ask().values)
    assert chip.registers[0x2E] == 0x80


START = Command(b"\x21\xb1", "test")
READY = Ready(byte("ready", 0x05), 0x0F)
RUNNING = Chip("running", "test", (AT,), FIELDS, periodic=Periodic(READY, START, silence_s=15.0))


def periodic() -> tuple[Bench, RegisterChip]:
    chip = RegisterChip(defaults={0x05: 0x01, 0x10: 7}, clears=frozenset({0x05}))
    return Bench(RUNNING, chip), chip


def test_a_value_comes_when_the_chip_has_a_new_one() -> None:
    """Not ready is no error, and no value either: an old one is never given again."""
    bench, chip = periodic()

    assert bench.ask().values == {"co2": 7}
    assert Reading(waits=True) == bench.ask()
    chip.registers |= {0x05: 0x03, 0x10: 9}
    assert bench.ask().values == {"co2": 9}
    assert 0x21 not in chip.registers


def test_a_chip_that_measures_is_not_started() -> None:
    """After a start of this service the chip goes on as it was: nothing is written within the silence allowed."""
    bench, chip = periodic()
    chip.registers[0x05] = 0
    for _ in range(15):
        bench.ask()
        bench.bus.wait(0.99)

    assert 0x21 not in chip.registers


def test_a_chip_that_is_silent_is_started_and_later_reported() -> None:
    """At first it may just not have been started. When it has measured before, its silence is a fault."""
    bench, chip = periodic()
    chip.registers[0x05] = 0
    bench.ask()
    bench.bus.wait(15)

    assert Reading(waits=True) == bench.ask()
    assert chip.registers[0x21] == 0xB1
    bench.bus.wait(15)
    assert ["no new value for 15 s; ordered to measure again"] == [doubt.detail for doubt in bench.ask().doubts]


def test_a_measurement_that_is_not_done_is_busy() -> None:
    """A chip that tells so in its answer is believed."""
    data = Register("data", Block(b"\x10", 2), 0)
    done = Chip("done", "test", (AT,), (Field("x", data, bits(7, 0), Fraction(1), "", "test"),),
                ready=(Ready(data, 0x8000, 0x8000),))  # fmt: skip
    bench = Bench(done, RegisterChip(defaults={0x10: 0x80, 0x11: 5}))

    with pytest.raises(BusError, match="busy"):
        bench.ask()
