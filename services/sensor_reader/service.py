"""The reader's work: take frames from a feed, emit them, and remember the place in the same transaction.

Rules:
1. A frame and the place after it commit together: after a crash a recording or simulation goes on at the next
   frame, none twice and none lost. Polled frames have no place; what was not polled is not known.
2. A feed that stands for a machine has a life: its first frame is preceded by ``started`` (``core.life``),
   and ``finish`` emits ``stopped``.
3. Frames of hardware say when they were taken by the uptime too. Before the first frame after a jump of the
   wall clock goes a frame that reports it (``core.clock_drift``), also across a restart.
4. Frames of hardware are calibrated as somebody has said by the command ``calibrate``; each is reported, and once a day
   which are overdue.
5. ``cut_power`` is passed on to the board that can, unless the order may be an old one (``core.cutting``).
6. A fault of reading is logged when it begins and when it is over (``core.spells``).
7. What a source refuses goes to ``deadletter/…`` and counts as played.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from services.sensor_reader.adapters.calibration_store import CalibrationStore
from services.sensor_reader.core import lifecycle
from services.sensor_reader.core.calibration.model import calibrated
from services.sensor_reader.core.clock_drift import ClockDrift, compare_clocks, jump_frame
from services.sensor_reader.core.fault_log import FaultKey, FaultSpell, follow_faults
from services.sensor_reader.core.lifecycle import RunRecord
from services.sensor_reader.core.polling.power_cut_command import CutError, check_command
from services.sensor_reader.core.ports import HostClock, Instant
from services.sensor_reader.core.sources.feed import Feed, Refusal, SourcePosition
from shared.delivery.handler import Publisher, RefusedError
from shared.ledger import Ledger
from shared.messages import Frame
from shared.requests import Command

log = logging.getLogger(__name__)

_LIFE = "life"
_CLOCK_DRIFT = "course"


class SensorReader:
    """A message handler without input: the app calls ``begin`` once, ``step`` at ``next_release``, then ``finish``.

    ``system`` is the device that this reader's own starts, stops and jumps are reported of.
    ``clock`` is the machine's, for a feed that polls hardware; its time then goes before the app's.
    """

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger,
        outlet: Publisher,
        boot_id: str,
        clock: HostClock | None = None,
        system: str = lifecycle.DEVICE,
    ) -> None:
        self._feed = feed
        self._ledger = ledger
        self._outlet = outlet
        self._boot_id = boot_id
        self._clock = clock
        self._system = system
        self._clock_drift: ClockDrift | None = None
        self._start_reported = not feed.has_life
        self._last_time: datetime | None = None
        self._counts = {"frames": 0, "errors": 0, "refused": 0}
        self._calibrations = CalibrationStore(ledger, self._emit)
        self._newest: dict[str, Frame] = {}
        self._fault_spells: dict[FaultKey, FaultSpell] = {}

    @property
    def done(self) -> bool:
        """Whether everything has been played; never true of hardware."""
        return self._feed.next_due() is None

    def begin(self, now: datetime) -> None:
        """Find the place where the run before left off."""
        kept = self._ledger.get(self._key)
        place, self._last_time = _from_json(kept) if kept else (None, None)
        course = self._ledger.get(_CLOCK_DRIFT)
        self._clock_drift = ClockDrift.from_json(course) if course and self._clock else None
        self._feed.open(place, now)
        if kept and self.done:
            log.warning(
                "%s was played to its end before, and counts once: --data NAME plays it into a new folder",
                self._feed.name,
            )

    def next_release(self) -> float | None:
        """Return the monotonic second of the next step (0: at once), or None when all is played."""
        return self._feed.next_due()

    def step(self, now: float, time: datetime, limit: int = 500) -> int:
        """Emit what is due at monotonic ``now`` (UTC ``time``), at most about ``limit``; return how many frames."""
        with self._ledger.transaction():
            instant = self._clock.read() if self._clock else None
            contents = self._feed.poll(now, instant.time if instant else time, limit)
            if contents and instant:
                self._follow(instant)
                self._calibrations.emit_overdue(instant.time)
            self._report_start(contents, instant)
            for content in contents:
                self._give(content)
            place = self._feed.place()
            if contents and place is not None:
                self._ledger.put(self._key, _to_json(place, self._last_time))
        return sum(isinstance(content, Frame) for content in contents)

    def finish(self, time: datetime) -> None:
        """Report a clean stop; safe to call twice, and silent if nothing was ever emitted or reported."""
        with self._ledger.transaction():
            before = self._life()
            if self._feed.has_life and before is not None and before.running:
                at = time if self._feed.live else self._last_time or time
                if self._clock:
                    instant = self._clock.read()
                    at = instant.time
                    self._follow(instant)
                self._emit(lifecycle.stopped_frame(self._boot_id, at))
                self._ledger.put(_LIFE, RunRecord(self._boot_id, running=False).to_json())

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return frames, errors and refusals of this run, the source, and whether it is played to its end."""
        return {"source": self._feed.name, "done": self.done, **self._counts}

    @property
    def _key(self) -> str:
        return f"position/{self._feed.name}"

    def _give(self, content: Frame | Refusal) -> None:
        if isinstance(content, Refusal):
            self._counts["refused"] += 1
            self._outlet.reject(content.where, content.payload, content.reason)
            return
        self._log_faults(content)
        if self._feed.live:
            content = calibrated(content, self._calibrations.of(content.device))
            self._newest[content.device] = content
        self._emit(content)

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Take ``calibrate``, ``uncalibrate``, ``cut_power``; raises RefusedError, or ValidationError if mistyped."""
        if command.name == "cut_power":
            return self._cut_power(command)
        now = self._clock.read().time if self._clock else self._last_time
        if not self._feed.live or now is None:
            raise RefusedError(f"{self._feed.name} is played, and only hardware is calibrated")
        return self._calibrations.execute(command, self._newest, now)

    def _cut_power(self, command: Command) -> Mapping[str, Any]:
        instant = self._clock.read() if self._clock else None
        try:
            if instant is None:
                raise CutError(f"{self._feed.name} is played, and only hardware can be cut off")
            order = check_command(command, instant)
            return self._feed.cut_power(order.device, order.after_s)
        except CutError as error:
            raise RefusedError(str(error)) from error

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """Answer ``calibrations``: all there are."""
        if name != "calibrations":
            raise RefusedError(f"no question is called {name!r}; there is calibrations")
        return self._calibrations.listed()

    def _follow(self, instant: Instant) -> None:
        """Take note of the moment; if the clock has jumped since the last one, report it first."""
        self._clock_drift, jump = compare_clocks(self._clock_drift, self._boot_id, instant)
        with self._ledger.may_wait() if jump is None else nullcontext():
            self._ledger.put(_CLOCK_DRIFT, self._clock_drift.to_json())
        if jump is not None:
            self._emit(jump_frame(jump, instant.time))

    def _report_start(self, contents: Sequence[Frame | Refusal], instant: Instant | None) -> None:
        frames = [content for content in contents if isinstance(content, Frame)]
        if self._start_reported or not frames:
            return
        self._start_reported = True
        time = frames[0].time
        first = (frame for frame in frames if frame.time == time)
        away = lifecycle.power_was_away(first, instant.uptime_s if instant else None)
        frame = lifecycle.started_frame(self._life(), self._boot_id, time, away)
        if frame is not None:
            self._emit(frame)
        self._ledger.put(_LIFE, RunRecord(self._boot_id, running=True).to_json())

    def _log_faults(self, frame: Frame) -> None:
        if not frame.errors and not self._fault_spells:
            return
        self._fault_spells, lines = follow_faults(self._fault_spells, frame)
        for line in lines:
            log.log(logging.INFO if line.over else logging.WARNING, "%s", line.text)

    def _emit(self, frame: Frame) -> None:
        self._counts["frames"] += 1
        self._counts["errors"] += bool(frame.errors)
        self._last_time = frame.time
        if frame.device == lifecycle.DEVICE:
            frame = frame.revised(device=self._system)
        if self._clock_drift is not None:
            instant = self._clock_drift.instant
            frame = frame.revised(boot=self._clock_drift.boot, uptime_s=instant.uptime_s, clock=instant.clock)
        if not self._feed.live and not frame.simulated:
            frame = frame.revised(simulated=True)
        self._outlet.emit(frame)

    def _life(self) -> RunRecord | None:
        kept = self._ledger.get(_LIFE)
        return RunRecord.from_json(kept) if kept else None


def _from_json(text: bytes) -> tuple[SourcePosition, datetime | None]:
    data = json.loads(text)
    return SourcePosition(int(data["position"]), _time(data["anchor"])), _time(data["last"])


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _to_json(place: SourcePosition, last: datetime | None) -> bytes:
    """``last`` is the time of the last frame: a simulation's ``stopped`` bears it, also after a crash."""
    times = {"anchor": place.anchor, "last": last}
    return json.dumps(
        {"position": place.position} | {k: t.isoformat() if t else None for k, t in times.items()}
    ).encode()
