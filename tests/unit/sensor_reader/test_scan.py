"""Scanning: nothing is written, only a register makes certain, and an address alone stays a candidate."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.chips import RegisterChip
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.polling.scan import READ_ONLY, Found, fitting, scan
from services.sensor_reader.core.ports import BusError
from services.sensor_reader.settings import load
from tests.unit.sensor_reader.test_probe import Untouchable
from upskeep.scan import ScanError, advice, buses

CONFIG = Path(__file__).parents[3] / "config"


class Watched(Untouchable):
    """A bus that notes which addresses were pinged."""

    def __init__(self) -> None:
        super().__init__()
        self.pinged: list[int] = []

    def ping(self, address: int) -> None:
        self.pinged.append(address)
        super().ping(address)


def bus_of(**chips: int) -> Watched:
    bus = Watched()
    for kind, address in chips.items():
        bus.attach(address, SIMULATED[kind](address))
    return bus


@pytest.mark.parametrize("kind", CHIPS)
def test_every_chip_is_found_as_what_it_is_or_as_a_candidate_and_nothing_is_written(kind: str) -> None:
    address = CHIPS[kind].addresses[0]
    (found,) = scan(bus_of(**{kind: address}), CHIPS.values())
    assert (address, True) == (found.address, kind in found.kinds)
    assert found.certain == (CHIPS[kind].identity is not None)


def test_where_eeproms_may_sit_nobody_is_addressed_for_writing() -> None:
    bus = bus_of()
    scan(bus, CHIPS.values())
    assert [] == [address for address in bus.pinged if any(address in span for span in READ_ONLY)]
    assert len(bus.pinged) > 80


def test_a_chip_that_denies_being_one_is_no_candidate() -> None:
    """A gauge's version tells the early ones from the late."""
    (found,) = scan(bus_of(max17048=0x36), CHIPS.values())
    assert {"max17048", "max17049"} == set(found.kinds)


def test_something_known_elsewhere_is_named_and_something_unknown_is_said_to_be() -> None:
    bus = Watched()
    bus.attach(0x68, RegisterChip())
    bus.attach(0x08, RegisterChip())
    unknown, clock = scan(bus, CHIPS.values())
    assert ((), "nothing known here") == (unknown.kinds, unknown.note)
    assert clock.note.startswith("a clock (DS3231")


def test_a_stuck_bus_is_reported_after_a_few_addresses() -> None:
    bus = SimulatedBus()
    bus.stuck = True
    with pytest.raises(BusError, match="held low"):
        scan(bus, CHIPS.values())


def test_an_address_held_by_the_kernel_is_reported_as_such() -> None:
    class Held(Untouchable):
        def ping(self, address: int) -> None:
            raise BusError("bus" if address == 0x40 else "nack", address, "a kernel driver holds this address")

    (found,) = scan(Held(), CHIPS.values())
    assert (0x40, False, True) == (found.address, found.certain, "ina219" in found.kinds)
    assert found.note.startswith("held by a driver of the kernel")


def test_a_board_fits_when_all_its_chips_may_be_there() -> None:
    boards = {"one": {0x36: "max17043"}, "two": {0x36: "max17043", 0x40: "ina219"}, "none": {}}
    gauge = Found(0x36, ("max17040", "max17043"), certain=True)
    assert ["one"] == fitting([gauge], boards)
    assert ["one", "two"] == fitting([gauge, Found(0x40, ("ina219",))], boards)


def test_what_is_to_be_pasted_is_a_configuration_that_loads(tmp_path: Path) -> None:
    """The boards that fit, the first of them chosen; chips of no board alone, with a shunt where they need one."""
    found = [
        Found(0x36, ("max17040", "max17043"), certain=True),
        Found(0x49, ("ina219", "tmp102")),
        Found(0x68, (), note="a clock"),
    ]
    text = advice(0, found, load(CONFIG, {}).boards)
    assert "# Geekworm X728" in text
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "boards.yaml").write_text((CONFIG / "boards.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "sensor_reader.yaml").write_text(text, encoding="utf-8")
    devices = load(folder, {}).devices()
    assert ["ups", "ina219_49"] == [device.name for device in devices]
    assert 2 == len(yaml.safe_load(text)["devices"])


def test_nothing_found_gives_nothing_to_paste() -> None:
    assert "" == advice(1, [Found(0x68, (), note="a clock")], {})


def test_a_machine_without_a_bus_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="switch I2C on"):
        buses(tmp_path)
    for name in ("i2c-1", "i2c-10", "i2c-x"):
        (tmp_path / name).touch()
    assert [1, 10] == buses(tmp_path)
