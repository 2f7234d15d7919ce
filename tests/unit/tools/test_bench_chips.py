"""The bench of many chips reads what it says it reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from shared.messages import Quality
from tools.bench.chips import devices, stand

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_every_chip_of_the_bench_is_read_well() -> None:
    """Every kind once: after its first polls each gives a good frame, so that no chip is cheap for being broken."""
    found = list(devices(len(CHIPS)))
    buses = stand(found)

    def wait(seconds: float) -> None:
        for bus in buses.values():
            bus.wait(seconds)

    poller = Poller(found, Ports(buses), wait, now=0.0)
    newest = {}
    for second in range(150):
        newest |= {frame.device: frame for frame in poller.poll_due(float(second), NOON + timedelta(seconds=second))}
        wait(1.0)

    assert {device.name for device in found} == newest.keys()
    assert [] == [(frame.device, frame.errors) for frame in newest.values() if frame.quality is not Quality.GOOD]
