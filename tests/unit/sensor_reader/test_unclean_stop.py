"""A machine whose power went, from the board's flag to the events that are told afterwards."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.chips import RegisterChip, SealedChip
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.adapters.sources.feeds import LiveFeed
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Instant, Ports
from services.sensor_reader.service import SensorReader
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Frame
from upskeep.playback.backtest import backtest

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONFIG = Path(__file__).parents[3] / "config"


@dataclass
class Clock:
    """A clock that goes by second."""

    instant: Instant

    def read(self) -> Instant:
        return self.instant


def run(bus: SimulatedBus, kind: str, folder: Path, boot: str, at: datetime, *, clean: bool) -> list[Frame]:
    """Read the chip for three seconds of a boot that began 30 s before, and stop well or not at all."""
    device = Device("ups", (ChipPart(CHIPS[kind], 1, CHIPS[kind].addresses[0], Mount()),))
    outlet = InMemoryPublisher()
    with closing(Ledger(folder / "ledger")) as ledger:
        clock = Clock(Instant(at, 30.0, "set"))
        feed = LiveFeed("i2c", Poller([device], Ports({1: bus}), bus.wait, now=30.0))
        handler = SensorReader(feed, ledger, outlet, boot, clock)
        handler.begin(at)
        for second in range(3):
            clock.instant = Instant(at + timedelta(seconds=second), 30.0 + second, "set")
            handler.step(30.0 + second, clock.instant.time)
        if clean:
            handler.finish(clock.instant.time)
    return [message for message in outlet.emitted if isinstance(message, Frame)]


def pijuice(faults: int) -> SimulatedBus:
    chip = SIMULATED["pijuice"](0x14)
    assert isinstance(chip, SealedChip)
    held = {0x40: "b0", 0x41: "50", 0x44: f"{faults:02x}", 0x47: "18ff", 0x49: "a00f", 0x4B: "0000", 0x4D: "ec13",
            0x4F: "0000"}  # fmt: skip
    chip.registers |= {command: bytes.fromhex(word) for command, word in held.items()}
    bus = SimulatedBus()
    bus.attach(0x14, chip)
    return bus


def upsplus(ran_s: int) -> SimulatedBus:
    chip = SIMULATED["upsplus"](0x17)
    assert isinstance(chip, RegisterChip)
    chip.set_bytes(0x24, ran_s.to_bytes(4, "little"))
    bus = SimulatedBus()
    bus.attach(0x17, chip)
    return bus


def told(frames: list[Frame], folder: Path) -> dict[str, dict[str, object]]:
    """Return what the suite tells of the second boot, by event type."""
    recording, out = folder / "frames.jsonl", folder / "events.jsonl"
    recording.write_text("".join(f"{frame.model_dump_json(exclude_none=True)}\n" for frame in frames))
    backtest([recording], CONFIG, {}, out)
    events = [json.loads(line) for line in out.read_text().splitlines()]
    return {event["type"]: event["data"] for event in events if event["time"] >= "2026-01-31T12:10"}


@pytest.mark.parametrize(("kind", "before", "after", "fault"), [
    ("pijuice", pijuice(0x00), pijuice(0x02), True),   # forced_power_off
    ("pijuice", pijuice(0x00), pijuice(0x04), True),   # forced_sys_power_off
    ("pijuice", pijuice(0x00), pijuice(0x00), False),  # the kernel died
    ("upsplus", upsplus(9000), upsplus(45), True),
    ("upsplus", upsplus(9000), upsplus(9600), False),
])  # fmt: skip
def test_a_cut_off_run_is_reported_with_what_the_board_knows_of_it(
    tmp_path: Path, kind: str, before: SimulatedBus, after: SimulatedBus, fault: bool
) -> None:
    """A Pi fed by the HAT cannot see its own output go: UNCLEAN_SHUTDOWN and the loss come at the next start."""
    frames = run(before, kind, tmp_path, "b1", NOON, clean=False)
    frames += run(after, kind, tmp_path, "b2", NOON + timedelta(minutes=10), clean=False)
    events = told(frames, tmp_path)

    assert events["UNCLEAN_SHUTDOWN"] == {"boot_id": "b2", "power_fault": fault}
    assert (True, "unclean_shutdown", fault) == tuple(
        events["DC_OUTPUT_LOSS"][key] for key in ("backfilled", "because", "power_fault")
    )
    assert events["DC_OUTPUT_RESTORED"]["backfilled"] is True


def test_after_a_clean_stop_an_old_flag_tells_nothing(tmp_path: Path) -> None:
    """PiJuice keeps it until somebody clears it: no loss at the start, and none while it stands in every frame."""
    bus = pijuice(0x02)
    frames = run(bus, "pijuice", tmp_path, "b1", NOON, clean=True)
    frames += run(bus, "pijuice", tmp_path, "b2", NOON + timedelta(minutes=10), clean=True)
    assert all(frame.values["power_fault"] is True for frame in frames if frame.device == "ups")

    assert {"UNCLEAN_SHUTDOWN", "DC_OUTPUT_LOSS"}.isdisjoint(told(frames, tmp_path))
