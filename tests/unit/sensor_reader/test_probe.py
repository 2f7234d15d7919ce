"""Looking for chips: who answers, whether it is what the settings say, and that nothing is ever written."""

from __future__ import annotations

import pytest

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.probe import Finding, probe
from services.sensor_reader.core.ports import Ports


class Untouchable(SimulatedBus):
    """A bus on which a write is a mistake."""

    def write(self, address: int, data: bytes) -> None:
        raise AssertionError(f"{data.hex()} was written to {address:#04x}")


def probed(kind: str, bus: SimulatedBus, address: int | None = None) -> Finding:
    part = ChipPart(CHIPS[kind], 1, address or CHIPS[kind].addresses[0], Mount(shunt_ohm=0.1))
    return probe([Device("ups", (part,))], Ports({1: bus}))[0]


@pytest.mark.parametrize("kind", CHIPS)
def test_every_kind_is_found_without_a_write(kind: str) -> None:
    """The simulated chip answers and is taken for what it is."""
    bus, address = Untouchable(), CHIPS[kind].addresses[0]
    bus.attach(address, SIMULATED[kind](address))

    assert Finding("ups", f"{kind}@{address:#04x}", 1, answers=True) == probed(kind, bus)


@pytest.mark.parametrize("kind", CHIPS)
def test_a_chip_that_is_not_there_is_said_so(kind: str) -> None:
    """Nobody at the address."""
    assert (False, f"at {CHIPS[kind].addresses[0]:#04x}: no simulated chip is there") == (
        probed(kind, Untouchable()).answers,
        probed(kind, Untouchable()).detail,
    )


def test_another_gauge_than_the_settings_say_is_noticed() -> None:
    """It answers, but its version is not one of this kind."""
    bus = Untouchable()
    bus.attach(0x36, SIMULATED["max17048"](0x36))

    assert probed("max17043", bus).answers
    assert probed("max17043", bus).detail == "version reads 0x0012, which no max17043 shows: check the chip's kind"


def test_a_stuck_bus_is_said_so() -> None:
    """Every transfer times out."""
    bus = Untouchable()
    bus.attach(0x36, SIMULATED["max17043"](0x36))
    bus.break_chip(0x36, Fault("timeout"))

    assert (False, "at 0x36: the simulated bus timed out") == (
        probed("max17043", bus).answers,
        probed("max17043", bus).detail,
    )
