"""Devices with slow answers: a server on the network, a third-party driver. They delay no other device.

Rules:
1. A device is asked at its turn, and looked after again and again until it has answered; others are polled meanwhile.
   Its frame bears the time at which the answer was taken. Then it hears when its next turn is, and waits by itself.
2. No answer within ``timeout_s`` is one frame with one error. An answer that comes later is thrown away: it is not of
   the poll that is reported. A device that is still at it when its next turn comes is not asked a second thing.
3. Data that the other side itself calls stale give a frame of quality stale without any values.
4. A device that fails again and again is asked less often, as in ``core.schedule``; stale data are no such failure.
5. An answer is held against its quantities' ranges, by who takes it, and not against what was said before
   (``core.plausibility``): a UPS behind a server gives its charge in whole percent, minutes apart or in leaps, and its
   server knows by the driver whether the data are fresh.
6. A device that is well and has nothing new gives no frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from services.sensor_reader.core.polling import schedule
from services.sensor_reader.core.polling.quality import quality_of
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading
from shared.messages import Frame, Quality, ReadError

FIRST_LOOK_S = 0.01
LONGEST_LOOK_S = 0.16
STALE = "stale"


@dataclass(frozen=True, slots=True)
class RemoteDevice:
    """A device that is asked and answers later. ``part`` is how errors name what is asked, e.g. ``nut:ups@server``."""

    name: str
    part: str
    interval_s: float
    timeout_s: float
    zone: str | None = None


class RemoteConnection(Protocol):
    """A port that handles one read at a time."""

    def ask(self, due: float) -> bool:
        """Have a reading begin at ``due`` (monotonic s); returns at once, False while one before is under way."""

    def answer(self) -> Reading | PortError | None:
        """Return the outcome of the last ``ask``, once; None while it is under way."""


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """A question under way: since when, and when to look next and how long after that (monotonic seconds)."""

    since: float
    look: float
    step_s: float = FIRST_LOOK_S


class RemotePoller:
    """Asks distant devices in turn, and makes their answers frames. As ``Poller``, the clock is an argument."""

    def __init__(
        self, devices: Sequence[RemoteDevice], connections: Mapping[str, RemoteConnection], now: float
    ) -> None:
        self._devices = {device.name: device for device in devices}
        self._connections = connections
        self._turns = schedule.first_turns(self._devices, now)
        self._waits: dict[str, PendingAnswer] = {}

    def next_due(self) -> float | None:
        """When the next device is due to be asked or checked; None without devices."""
        idle = {name: turn for name, turn in self._turns.items() if name not in self._waits}
        looks = [wait.look for wait in self._waits.values()]
        return min([*looks, *(turn.due for turn in idle.values())], default=None)

    def poll_due(self, now: float, time: datetime) -> list[Frame]:
        """Collect answers and ask the devices that are due; return a frame of ``time`` for each finished one."""
        frames = [self._look(name, now, time) for name, wait in [*self._waits.items()] if wait.look <= now]
        idle = [name for name in schedule.due(self._turns, now) if name not in self._waits]
        frames += [self._ask(name, now, time) for name in idle]
        return [frame for frame in frames if frame is not None]

    def _ask(self, name: str, now: float, time: datetime) -> Frame | None:
        if not self._begin(name, now):
            return self._done(name, PortError("timeout", "has not answered what it was asked before"), now, time)
        return None

    def _begin(self, name: str, due: float) -> bool:
        if not self._connections[name].ask(due):
            return False
        self._waits[name] = PendingAnswer(due, due + FIRST_LOOK_S)
        return True

    def _look(self, name: str, now: float, time: datetime) -> Frame | None:
        answer = self._connections[name].answer()
        wait, timeout_s = self._waits[name], self._devices[name].timeout_s
        if answer is None and now - wait.since < timeout_s:
            step_s = min(2 * wait.step_s, LONGEST_LOOK_S)
            self._waits[name] = replace(wait, look=now + step_s, step_s=step_s)
            return None
        del self._waits[name]
        return self._done(name, answer or PortError("timeout", f"no answer within {timeout_s:g} s"), now, time)

    def _done(self, name: str, answer: Reading | PortError, now: float, time: datetime) -> Frame | None:
        device = self._devices[name]
        frame = frame_of(device, answer, time)
        failed = frame is not None and frame.quality is Quality.BAD
        self._turns[name] = turn = schedule.next_turn(self._turns[name], device.interval_s, now, failed=failed)
        self._begin(name, turn.due)
        return frame


def frame_of(device: RemoteDevice, answer: Reading | PortError, time: datetime) -> Frame | None:
    """Return the frame that an answer makes, None where there is nothing new."""
    if isinstance(answer, PortError):
        errors = [ReadError(code=answer.code, chip=device.part, detail=answer.detail)]
        quality = Quality.STALE if answer.code == STALE else Quality.BAD
        return Frame(time=time, device=device.name, zone=device.zone, quality=quality, errors=tuple(errors))
    errors = [doubt.error(device.part) for doubt in answer.doubts]
    if answer.waits and not answer.values and not errors:
        return None
    return Frame(
        time=time,
        device=device.name,
        zone=device.zone,
        values=dict(answer.values),
        quality=quality_of(answer.values, errors),
        errors=tuple(errors),
    )
