"""What somebody says of a sensor becomes its calibration: the commands ``calibrate`` and ``uncalibrate``, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.sensor_reader.core.calibration.model import Calibration, CalibrationError
from services.sensor_reader.core.lifecycle import DEVICE as SYSTEM
from shared.messages import Frame, Name

NEWEST_S = 60.0  # how old a reading may be that a reference is held against
Number = Annotated[float, Field(allow_inf_nan=False)]


class CalibrateData(BaseModel):
    """What one may say: a ``reference`` beside the sensor now (or beside ``read``), a line, or all ``pairs``.

    A reference is one pair more of what is known, unless ``anew``. Days may be fractions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    device: Name
    channel: Name
    reference: Number | None = None
    read: Number | None = None
    offset: Number | None = None
    gain: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    pairs: tuple[tuple[Number, Number], ...] | None = None
    due_days: Annotated[float, Field(gt=0, le=36500)] | None = None
    anew: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        line = self.offset is not None or self.gain is not None
        if (self.reference is not None) + line + (self.pairs is not None) != 1:
            raise ValueError("say one of: reference (what it really is), offset and gain, or pairs of read and true")
        if self.read is not None and self.reference is None:
            raise ValueError("read goes with reference: what the sensor said when it really was that")
        return self


class UncalibrateData(BaseModel):
    """Which channel of which device."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    device: Name
    channel: Name


def new_calibration(
    data: CalibrateData, known: Calibration | None, last: Frame | None, by: str, now: datetime
) -> Calibration:
    """Return the calibration that ``data`` makes of what is ``known``; raises CalibrationError with why not.

    ``last`` is the device's newest frame: what the sensor says now.
    """
    due_days = data.due_days if data.due_days is not None or known is None else known.due_days
    if data.pairs is not None:
        return Calibration(data.channel, tuple(sorted(data.pairs)), by, now, due_days)
    if data.reference is None:
        return Calibration.line(data.channel, data.offset or 0.0, data.gain or 1.0, by, now, due_days)
    read = _read_now(data, last, now) if data.read is None else data.read
    if known is None or data.anew:
        return Calibration(data.channel, ((read, data.reference),), by, now, due_days)
    calibration = known.with_pair(read, data.reference, by, now)
    return Calibration(data.channel, calibration.pairs, by, now, due_days)


def _read_now(data: CalibrateData, last: Frame | None, now: datetime) -> float:
    where = f"{data.device} {data.channel}"
    if last is None or now - last.time > timedelta(seconds=NEWEST_S):
        raise CalibrationError(f"{where}: nothing was read of it within {NEWEST_S:g} s; give read as well")
    value: object = (last.uncalibrated or {}).get(data.channel, last.values.get(data.channel))
    if isinstance(value, bool) or not isinstance(value, float | int):
        numbers = sorted(name for name, v in last.values.items() if isinstance(v, float | int) and v is not True)
        raise CalibrationError(f"{where}: the last frame has no such number; it has {', '.join(numbers) or 'none'}")
    return float(value)


def as_data(calibration: Calibration) -> dict[str, Any]:
    """Return it as an answer has it."""
    return {
        "channel": calibration.channel,
        "pairs": [list(pair) for pair in calibration.pairs],
        "by": calibration.by,
        "at": calibration.at.isoformat(),
        "due_days": calibration.due_days,
    }


def performed_frame(calibration: Calibration, device: str, now: datetime) -> Frame:
    """Return the frame that reports that it was performed, with all there is to know of it."""
    values: dict[str, float | str] = {
        "calibration": "performed",
        "sensor_id": device,
        "channel": calibration.channel,
        "by": calibration.by,
        "pairs": " ".join(f"{read:g}→{true:g}" for read, true in calibration.pairs),
    }
    return Frame(time=now, device=SYSTEM, values=values)


def due_frames(calibrations: Mapping[tuple[str, str], Calibration], now: datetime) -> list[Frame]:
    """Return a frame for each calibration that is overdue at ``now``."""
    late = [(key, calibration, calibration.overdue_days(now)) for key, calibration in sorted(calibrations.items())]
    return [
        Frame(
            time=now,
            device=SYSTEM,
            values={
                "calibration": "due",
                "sensor_id": device,
                "channel": channel,
                "days_overdue": days,
                "by": calibration.by,
            },
        )
        for (device, channel), calibration, days in late
        if days is not None
    ]
