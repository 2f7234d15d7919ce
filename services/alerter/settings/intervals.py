"""How often sensor_reader reads each device: the few keys of its file that matter for absence.

The file belongs to sensor_reader, which checks it; other keys are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from services.alerter.core.kinds.absence import Absence
from services.alerter.core.rules import Rule
from shared.settings import ConfigError, read_settings

READER = "sensor_reader"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


class PolledDevice(_Part):
    """One device of the reader, and the seconds between two readings."""

    name: str
    interval_s: float = 1.0


class ReaderDevices(_Part):
    """``config/sensor_reader.yaml``."""

    devices: tuple[PolledDevice, ...] = ()


def read_intervals(folder: Path, environ: Mapping[str, str]) -> dict[str, timedelta]:
    """Return the interval of each device; empty if the file is missing (on another machine) or has a fault."""
    try:
        reader = read_settings(folder, READER, ReaderDevices, environ)
    except ConfigError:
        return {}
    return {device.name: timedelta(seconds=device.interval_s) for device in reader.devices if device.interval_s > 0}


def hasty_absences(rules: tuple[Rule, ...], intervals: Mapping[str, timedelta]) -> Iterator[str]:
    """Yield, for a person, each rule that would miss a device between two of its readings."""
    for rule in rules:
        absence = rule.condition
        if not isinstance(absence, Absence) or absence.missed_readings or rule.intake.source != "state":
            continue
        for device, interval in intervals.items():
            if interval >= absence.after and any(fnmatchcase(device, name) for name in rule.intake.names):
                often = f"{device} is read every {interval.total_seconds():g} s"
                remedy = "give missed_readings: 3, or a longer time"
                yield f"rules.{rule.name}.absence.after: {often}, so it fires between two readings; {remedy}"
