"""The calibrations: kept in the reader's ledger, one entry a channel, changed by commands, reported as frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.sensor_reader.core.calibration.commands import (
    CalibrateData,
    UncalibrateData,
    as_data,
    due_frames,
    new_calibration,
    performed_frame,
)
from services.sensor_reader.core.calibration.model import Calibration, CalibrationError
from shared.delivery.handler import RefusedError
from shared.ledger import Ledger
from shared.messages import Frame
from shared.requests import Command

DAILY = timedelta(days=1)
_PREFIX = "calibration/"
_REPORTED = "calibrations_reported"


class CalibrationStore:
    """All calibrations by device and channel. What changes them belongs inside ``Ledger.transaction``."""

    def __init__(self, ledger: Ledger, emit: Callable[[Frame], None]) -> None:
        self._ledger = ledger
        self._emit = emit
        self.known: dict[tuple[str, str], Calibration] = {}
        for key, value in ledger.items(_PREFIX):
            device, channel = key.removeprefix(_PREFIX).split("/")
            self.known[device, channel] = Calibration.from_json(value)

    def of(self, device: str) -> list[Calibration]:
        """Return a device's calibrations."""
        return [calibration for (name, _), calibration in self.known.items() if name == device]

    def listed(self) -> Mapping[str, Any]:
        """Return all, as an answer has them."""
        known = sorted(self.known.items())
        return {"calibrations": [{"device": device, **as_data(calibration)} for (device, _), calibration in known]}

    def execute(self, command: Command, newest: Mapping[str, Frame], now: datetime) -> Mapping[str, Any]:
        """Take ``calibrate`` or ``uncalibrate``; ``newest`` is each device's last frame. Raises RefusedError."""
        if command.name == "calibrate":
            return self._calibrate(
                CalibrateData.model_validate(command.data), command.by or "nobody named", newest, now
            )
        if command.name == "uncalibrate":
            return self._uncalibrate(UncalibrateData.model_validate(command.data))
        raise RefusedError(f"no command is called {command.name!r}; there are calibrate, uncalibrate and cut_power")

    def emit_overdue(self, now: datetime) -> None:
        """Report which calibrations are overdue, once a day."""
        if not self.known:
            return
        kept = self._ledger.get(_REPORTED)
        if kept is None or abs(now - datetime.fromisoformat(kept.decode())) >= DAILY:
            for frame in due_frames(self.known, now):
                self._emit(frame)
            self._ledger.put(_REPORTED, now.isoformat().encode())

    def _calibrate(self, data: CalibrateData, by: str, newest: Mapping[str, Frame], now: datetime) -> Mapping[str, Any]:
        known = self.known.get((data.device, data.channel))
        try:
            calibration = new_calibration(data, known, newest.get(data.device), by, now)
        except CalibrationError as error:
            raise RefusedError(str(error)) from error
        self.known[data.device, data.channel] = calibration
        self._ledger.put(f"{_PREFIX}{data.device}/{data.channel}", calibration.to_json())
        self._emit(performed_frame(calibration, data.device, now))
        return as_data(calibration)

    def _uncalibrate(self, spot: UncalibrateData) -> Mapping[str, Any]:
        if self.known.pop((spot.device, spot.channel), None) is None:
            raise RefusedError(f"{spot.device} {spot.channel} is not calibrated")
        self._ledger.drop(f"{_PREFIX}{spot.device}/{spot.channel}")
        return {}
