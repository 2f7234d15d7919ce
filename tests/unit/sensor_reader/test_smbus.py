"""The kernel's bus when it fails: what is closed, what is opened anew, and that reading goes on by itself.

What a working bus does is held against a real kernel: tests/contract/test_i2c_bus.py.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.sensor_reader.adapters.machine.smbus import SmBus
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import BusError, Ports
from shared.messages import Quality

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
GAUGE = bytes.fromhex("b520230f")


class Adapter:
    """An adapter of the kernel that can be made to fail; ``opened`` and ``closed`` count."""

    def __init__(self) -> None:
        self.fails: int | None = None
        self.opened = self.closed = 0

    def handle(self) -> FakeSmbus:
        return FakeSmbus(self)


class FakeSmbus:
    """As much of ``smbus2.SMBus`` as the adapter needs: a file that stands for the device, and one kind of read."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.fd: int | None = None

    def open(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR)
        self._adapter.opened += 1

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self._adapter.closed += 1
            self.fd = None

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        assert self.fd is not None
        if self._adapter.fails is not None:
            raise OSError(self._adapter.fails, os.strerror(self._adapter.fails))
        assert (address, register) == (0x36, 0x02)
        return list(GAUGE[:length])


@pytest.fixture
def adapter() -> Adapter:
    return Adapter()


@pytest.fixture
def bus(adapter: Adapter, tmp_path: Path) -> SmBus:
    (tmp_path / "i2c-1").touch()
    make: Callable[[], object] = adapter.handle
    return SmBus(1, tmp_path, make)  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "code", "anew"), [
    (errno.ETIMEDOUT, "timeout", True),
    (errno.EIO, "bus", True),
    (errno.EAGAIN, "bus", True),
    (errno.ESHUTDOWN, "bus", True),
    (errno.ENODEV, "nack", True),
    (errno.ENXIO, "nack", False),
    (errno.EREMOTEIO, "nack", False),
])  # fmt: skip
def test_after_a_fault_of_the_bus_the_device_is_opened_anew(
    adapter: Adapter, bus: SmBus, number: int, code: str, anew: bool
) -> None:
    """A chip that does not acknowledge is no fault of the bus."""
    assert GAUGE == bus.read_block(0x36, 0x02, 4)
    adapter.fails = number
    with pytest.raises(BusError) as failed:
        bus.read_block(0x36, 0x02, 4)
    adapter.fails = None

    assert (code, GAUGE) == (failed.value.code, bus.read_block(0x36, 0x02, 4))
    bus.close()
    times = 2 if anew else 1
    assert (times, times) == (adapter.opened, adapter.closed)


def test_a_bus_held_low_is_asked_less_and_less_and_read_again_when_it_is_free(adapter: Adapter, bus: SmBus) -> None:
    """Ten minutes of timeouts: a poll after 1, 2, 4, 8, 16 and then every 30 s, one error each, and no restart."""
    device = Device("ups", (ChipPart(CHIPS["max17043"], 1, 0x36, Mount()),))
    poller = Poller([device], Ports({1: bus}), lambda _: None, now=0.0)
    qualities: dict[int, Quality] = {}
    for second in range(700):
        adapter.fails = errno.ETIMEDOUT if 10 <= second < 610 else None
        for frame in poller.poll_due(float(second), NOON + timedelta(seconds=second)):
            qualities[second] = frame.quality
    bus.close()
    failed = [second for second, quality in qualities.items() if quality is Quality.BAD]

    assert [10, 11, 13, 17, 25, 41, 71, 101] == failed[:8]
    assert len(failed) == 24
    recovered = next(second for second in qualities if second >= 610)
    assert recovered <= 610 + 30
    assert {Quality.GOOD} == {quality for second, quality in qualities.items() if second >= recovered}
    assert adapter.opened == adapter.closed
