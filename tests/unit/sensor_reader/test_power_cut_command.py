"""``cut_power``: who may, what is written, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.feeds import LiveFeed, PlayedFeed
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Instant, Ports
from services.sensor_reader.service import SensorReader
from services.sensor_reader.settings import load
from shared.delivery.handler import InMemoryPublisher, RefusedError
from shared.ledger import Ledger
from shared.requests import Command

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = Instant(NOON, 3600.0, "set")
CONFIG = Path(__file__).parents[3] / "config"


@dataclass
class Clock:
    """A clock that stands."""

    instant: Instant

    def read(self) -> Instant:
        return self.instant


class Heard(SimulatedBus):
    """A bus that keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.wrote: list[str] = []

    def write(self, address: int, data: bytes) -> None:
        self.wrote.append(data.hex())
        super().write(address, data)


@contextmanager
def reader(board: str, bus: SimulatedBus, *, allowed: bool = True, instant: Instant = LATER) -> Iterator[SensorReader]:
    """Yield a reader of the board's chips on ``bus``."""
    configuration = load(CONFIG, {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": board})
    device = replace(configuration.simulated(1.0)[0], allow_power_cut=allowed)
    for part in device.parts:
        if isinstance(part, ChipPart):
            bus.attach(part.address, SIMULATED[part.chip.kind](part.address))
    feed = LiveFeed("i2c", Poller([device], Ports({1: bus}), bus.wait, now=0.0))
    ledger = Ledger(":memory:")
    try:
        yield SensorReader(feed, ledger, InMemoryPublisher(), "b1", Clock(instant))
    finally:
        ledger.close()


def order(after_s: int = 30, expires: datetime | None = NOON + timedelta(minutes=5), **more: Any) -> Command:
    data = {"device": "ups", "after_s": after_s} | more
    return Command(id="1", target="sensor_reader", name="cut_power", time=NOON, expires=expires, data=data)


@pytest.mark.parametrize(("board", "after_s", "wrote", "told"), [
    ("pijuice", 90, ["625aa5"], {"chip": "pijuice@0x14", "after_s": 90, "final": False}),
    ("52pi_upsplus", 90, ["185a"], {"chip": "upsplus@0x17", "after_s": 90, "final": False}),
    ("waveshare_ups_hat_e", 20, ["0155"], {"chip": "waveshare_ups_e@0x2d", "after_s": 30, "final": True}),
    ("pisugar_3", 90, ["0b29", "095a", "02d0", "0b00"], {"chip": "pisugar3@0x57", "after_s": 90, "final": False}),
])  # fmt: skip
def test_a_board_that_can_gets_the_order_and_the_delay_in_force_is_answered(
    board: str, after_s: int, wrote: list[str], told: dict[str, Any]
) -> None:
    """What the maker's code writes, with its check byte; only the bit of the output is cleared, and the rest stays."""
    bus = Heard()
    with reader(board, bus) as handler:
        if board == "pisugar_3":
            SimulatedBus.write(bus, 0x57, b"\x02\xf0")  # plugged, charging, output on, auto-restore

        assert {"device": "ups", **told} == handler.execute(order(after_s))
    assert wrote == bus.wrote


def test_a_cut_never_comes_before_it_was_asked_for() -> None:
    """The HAT (E) cuts after 30 s, whatever one wants: a host that needs 90 s is not cut off in its shutdown."""
    bus = Heard()
    with reader("waveshare_ups_hat_e", bus) as handler, pytest.raises(RefusedError) as refused:
        handler.execute(order(90))

    assert str(refused.value) == (
        "ups: waveshare_ups_e@0x2d takes 30 s, and would cut before the 90 s asked for are over"
    )
    assert bus.wrote == []


@pytest.mark.parametrize(("board", "allowed", "device", "reason"), [
    ("pijuice", False, "ups", "ups does not allow it; set allow_power_cut: true in sensor_reader.yaml if it should"),
    ("geekworm_x1201", True, "ups",
     "ups: none of its parts (max17043@0x36, gpio6) has a register that cuts the power"),
    ("pijuice", True, "upss", "there is no device 'upss'; there are ups"),
])  # fmt: skip
def test_who_may_not_or_cannot_is_refused_with_the_reason(board: str, allowed: bool, device: str, reason: str) -> None:
    """And nothing is written."""
    bus = Heard()
    with reader(board, bus, allowed=allowed) as handler, pytest.raises(RefusedError) as refused:
        handler.execute(order(device=device))

    assert (reason, []) == (str(refused.value), bus.wrote)


@pytest.mark.parametrize(("instant", "expires", "reason"), [
    (LATER, None, "say expires"),
    (LATER, NOON + timedelta(hours=1), "more than 10 minutes away"),
    (Instant(NOON, 20.0, "set"), NOON + timedelta(minutes=5), "booted 20 s ago"),
    (Instant(NOON, 3600.0, "unset"), NOON + timedelta(minutes=5), "does not know the time yet"),
])  # fmt: skip
def test_what_may_be_the_order_of_the_boot_before_is_refused(
    instant: Instant, expires: datetime | None, reason: str
) -> None:
    """Else a machine whose mains are back would be cut off again and again by an order that waits at the broker."""
    bus = Heard()
    with reader("pijuice", bus, instant=instant) as handler, pytest.raises(RefusedError, match=reason):
        handler.execute(order(expires=expires))

    assert bus.wrote == []


def test_a_controller_that_does_not_count_down_has_not_got_the_order() -> None:
    """UPS Plus firmware that has stopped still acknowledges (geeekpi/upsplus#152): what it shows is read back."""
    bus = Heard()
    with reader("52pi_upsplus", bus) as handler:
        bus.break_chip(0x17, Fault("lying", command=b"\x18", shows=b"\x00"))
        with pytest.raises(RefusedError, match="shutdown reads 0x00 after 0x5a was written; it may count down all"):
            handler.execute(order(90))


def test_a_fault_that_passes_is_tried_again_and_the_protection_put_back() -> None:
    """A NACK in the middle: the write protection of a PiSugar 3 is on again after each try."""
    bus = Heard()
    with reader("pisugar_3", bus) as handler:
        bus.break_chip(0x57, Fault("nack", times=2))

        assert handler.execute(order(60))["after_s"] == 60
    assert bus.wrote[-1] == "0b00"
    assert bus.wrote.count("0b00") == bus.wrote.count("0b29")


def test_what_is_played_has_no_power_to_cut() -> None:
    """The simulator falls in for missing hardware; nothing of it may look like a cut."""
    script = SCENARIOS["outage"]
    feed = PlayedFeed(Simulation(script, load(CONFIG, {}).simulated(script.step_s)), None)
    ledger = Ledger(":memory:")
    try:
        with pytest.raises(RefusedError, match="sim:outage is played, and only hardware can be cut off"):
            SensorReader(feed, ledger, InMemoryPublisher(), "b1").execute(order())
    finally:
        ledger.close()


def test_a_mistyped_order_is_refused_by_field() -> None:
    """As every command."""
    with reader("pijuice", Heard()) as handler, pytest.raises(ValidationError, match="after_s"):
        handler.execute(order(after_s=0))


@pytest.mark.parametrize("kind", [kind for kind, chip in CHIPS.items() if chip.power_cut])
def test_no_poll_touches_what_cuts_the_power(kind: str) -> None:
    """Ten polls of every chip that can: the registers of its cut are not among those written."""
    chip, bus = CHIPS[kind], Heard()
    device = Device("ups", (ChipPart(chip, 1, chip.addresses[0], Mount()),), allow_power_cut=True)
    bus.attach(chip.addresses[0], SIMULATED[kind](chip.addresses[0]))
    poller = Poller([device], Ports({1: bus}), bus.wait, now=0.0)
    for second in range(10):
        poller.poll_due(float(second), NOON + timedelta(seconds=second))

    assert bus.wrote == []
