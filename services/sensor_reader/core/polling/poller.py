"""Schedule and poll together: every device whose turn has come, polled over the given ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.sensor_reader.core.bus.interleave import Pause
from services.sensor_reader.core.polling import schedule
from services.sensor_reader.core.polling.device import Device
from services.sensor_reader.core.polling.poll import PollHistory, poll_devices
from services.sensor_reader.core.polling.power_cut_command import CutError, cut_power
from services.sensor_reader.core.ports import Ports
from shared.messages import Frame, Quality


class Poller:
    """Polls devices in turn. The clock is an argument everywhere: seconds that never go back, and UTC."""

    def __init__(self, devices: Sequence[Device], ports: Ports, pause: Pause, now: float) -> None:
        self._devices = {device.name: device for device in devices}
        self._ports = ports
        self._pause = pause
        self._memories = PollHistory()
        self._turns = schedule.first_turns(self._devices, now)

    def next_due(self) -> float | None:
        """When the next device is due, or None if there are no devices."""
        return schedule.next_due(self._turns)

    def poll_due(self, now: float, time: datetime) -> list[Frame]:
        """Poll every device that is due, together; a frame each that has something to report, all of ``time``."""
        names = schedule.due(self._turns, now)
        devices = [self._devices[name] for name in names]
        frames = poll_devices(devices, self._ports, time, self._pause, self._memories, now)
        for device, frame in zip(devices, frames, strict=True):
            failed = frame is not None and frame.quality is Quality.BAD
            self._turns[device.name] = schedule.next_turn(
                self._turns[device.name], device.interval_s, now, failed=failed
            )
        return [frame for frame in frames if frame is not None]

    def cut_power(self, name: str, after_s: int) -> Mapping[str, Any]:
        """Order the board of a device to cut the power in ``after_s`` or a little later; raises CutError."""
        if name not in self._devices:
            raise CutError(f"there is no device {name!r}; there are {', '.join(self._devices) or 'none'}")
        return cut_power(self._devices[name], after_s, self._ports, self._pause)
