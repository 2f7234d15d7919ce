"""What holds for every chip: a sound table, a simulated twin, and no write but those the table names."""

from __future__ import annotations

import re

import pytest

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.bus.chip_io import ChipAddress, ChipMemory, read_chip
from services.sensor_reader.core.bus.interleave import interleave
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Input, Mount
from services.sensor_reader.core.ports import BusError
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import encode, overlaps

LONGEST_WAIT_S = 0.2
SMBUS_BLOCK = 32
WELL_AS_IT_COMES = ("tmp102",)  # its one setting is right after power-on
MOUNT = Mount(shunt_ohm=0.1, inputs=(Input(1, "battery", 0.1),))

each_chip = pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)


class Bench:
    """A chip's simulated twin, asked again and again; ``written`` is what it was sent that was no pointer."""

    def __init__(self, chip: Chip) -> None:
        self.chip, self.address, self.bus, self.memory = chip, chip.addresses[0], SimulatedBus(), ChipMemory()
        self.bus.attach(self.address, SIMULATED[chip.kind](self.address))
        for block, payload in encode(chip.fields, {}).items():
            self.bus.hold(self.address, block, payload)
        self.written: set[bytes] = set()
        plain_write = self.bus.write
        self.bus.write = lambda address, data: (self.written.add(data), plain_write(address, data))[1]  # type: ignore[method-assign]

    def ask(self, mount: Mount = MOUNT) -> Reading:
        asked = read_chip(self.chip, ChipAddress(self.bus, self.address), mount, self.memory, self.bus.now)
        reading, self.memory = interleave([asked], self.bus.wait)[0]
        return reading


def allowed(chip: Chip) -> list[bytes]:
    """Return what the table says may be written; of a setting the register's pointer."""
    commands = [command.data for block in chip.blocks() for command in block.before]
    commands += [block.command for block in chip.blocks() if block.how == "plain"]
    if chip.periodic:
        commands += [chip.periodic.start.data, chip.periodic.ready.register.block.command]
    commands += [setting.command for setting in chip.settings if setting.command]
    return commands + [setting.register.block.command for setting in chip.settings]


@each_chip
def test_no_two_fields_claim_one_bit_and_none_shares_a_name(chip: Chip) -> None:
    """Registers are told by name in frames, so one name is one place."""
    places = {(field.register.name, field.register) for field in chip.fields}

    assert overlaps(chip.fields) == []
    assert len({field.name for field in chip.fields}) == len(chip.fields)
    assert len({name for name, _ in places}) == len(places)


@each_chip
def test_every_field_stands_in_its_block_and_says_where_that_is_written(chip: Chip) -> None:
    """Bits within the register, the register within the block, a source for each; voids name fields."""
    names = {field.name for field in chip.fields}
    for field in chip.fields:
        assert 0 <= field.low <= field.high < 8 * field.register.size
        assert field.register.offset + field.register.size <= field.register.block.length
        assert len(field.source) >= 3
        assert field.void is None or field.void[0] in names
    assert re.fullmatch(r"[a-z0-9_]+", chip.kind)
    assert all(0x08 <= address <= 0x77 for address in chip.addresses)


@each_chip
def test_every_transaction_can_be_done_and_none_holds_up_the_others(chip: Chip) -> None:
    """A pointer is one byte, a block at most what SMBus can carry, a wait at most 0.2 s."""
    ready = [each.register.block for each in chip.ready] + (
        [chip.periodic.ready.register.block] if chip.periodic else []
    )
    for block in (*chip.blocks(), *ready, *(setting.register.block for setting in chip.settings)):
        assert 1 <= block.wire_length <= SMBUS_BLOCK
        assert block.how == "plain" or len(block.command) == 1
        assert block.wait_s <= LONGEST_WAIT_S
        assert all(command.wait_s <= LONGEST_WAIT_S for command in block.before)
    assert chip.identity is None or chip.identity.register.block.how == "pointer"


@each_chip
def test_a_hundred_polls_write_what_the_table_says_and_nothing_else(chip: Chip) -> None:
    """No gauge is reset, nothing is calibrated, nothing is cleared."""
    bench = Bench(chip)
    for _ in range(100):
        bench.ask()
        bench.bus.wait(1.0)

    assert [data.hex() for data in bench.written if not data.startswith(tuple(allowed(chip)))] == []
    assert bool(bench.written) == bool(allowed(chip)) or chip.kind in WELL_AS_IT_COMES


@each_chip
def test_a_setting_changes_its_own_bits_only(chip: Chip) -> None:
    """All the others stay as they were found."""
    for setting in chip.settings:
        for word in range(1 << 8 * setting.register.size):
            mended = setting.mended(word)
            assert mended is None or (mended ^ word) & ~setting.mask == 0
            assert (word if mended is None else mended) & setting.mask == setting.value


@each_chip
def test_a_dead_chip_is_a_nack_and_a_stuck_bus_a_timeout(chip: Chip) -> None:
    """Neither gives a value."""
    bench = Bench(chip)
    bench.bus.break_chip(bench.address, Fault("absent"))
    with pytest.raises(BusError, match="nack"):
        bench.ask()
    bench.bus.break_chip(bench.address, None)
    bench.bus.stuck = True
    with pytest.raises(BusError, match="timeout"):
        bench.ask()


@pytest.mark.parametrize("chip", [chip for chip in CHIPS.values() if any(block.check for block in chip.blocks())],
                         ids=lambda chip: chip.kind)  # fmt: skip
def test_a_chip_with_check_bytes_gives_nothing_in_a_storm(chip: Chip) -> None:
    """Every answer has one bit wrong: the error is crc, and not a value, once the chip is set up."""
    bench = Bench(chip)
    bench.bus.break_chip(bench.address, Fault("noise"))
    if any(setting.command for setting in chip.settings):
        assert bench.ask() == Reading(waits=True)
        bench.bus.wait(1.0)

    with pytest.raises(BusError, match="crc"):
        bench.ask()


@pytest.mark.parametrize("byte", [0x00, 0xFF])
@each_chip
def test_lines_held_low_or_high_never_look_like_a_battery(chip: Chip, byte: int) -> None:
    """All bits alike: whatever is said, it is no voltage of a battery but 0."""
    payloads = {block: bytes([byte]) * block.length for block in chip.blocks()}
    values = chip.interpret(payloads, MOUNT).values

    assert values.get("battery_voltage", 0.0) == 0.0
    assert values.get("cell_voltage", 0.0) == 0.0
