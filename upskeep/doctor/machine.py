"""What the machine gives: buses, a clock that is set, room on the disk, and files that the right people can read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from services.sensor_reader.adapters.machine.clock import clock_mark
from services.sensor_reader.configuration import read as read_sensor_reader
from services.sensor_reader.core.polling.device import ChipPart
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.settings import ConfigError
from upskeep.doctor.finding import Finding, Level, Patient

LEAST_BYTES = 200_000_000
LEAST_SHARE = 0.05
WORN_TENTHS = 9  # of an eMMC's or card's own estimate of its life; 11 is over
OTHERS = 0o077


def buses(patient: Patient) -> Iterator[Finding]:
    """The I2C buses that the configured devices are on: there, and open to this user."""
    context = Context(patient.config, patient.environ, patient.suite, SYSTEM_CLOCK)
    try:
        configuration = read_sensor_reader(context).configuration
    except ConfigError:
        return  # the check of the configuration says it
    parts = [part for device in configuration.devices() for part in device.parts]
    needed = configuration.reader.source == "i2c"
    for number in sorted({part.bus for part in parts if isinstance(part, ChipPart)}):
        yield bus(Path(f"/dev/i2c-{number}"), needed=needed)


def bus(path: Path, *, needed: bool) -> Finding:
    """Look at one bus; where it is not ``needed`` (source: auto) the reader simulates a board without it."""
    level, else_ = (Level.FAULT, "") if needed else (Level.WARNING, ", so readings are simulated")
    if not path.exists():
        advice = "switch I2C on (`sudo raspi-config nonint do_i2c 0` on a Raspberry Pi), then restart"
        return Finding("bus", level, f"{path} is not there{else_}", advice)
    if not os.access(path, os.R_OK | os.W_OK):
        advice = "add your user to the group i2c (`sudo usermod -aG i2c $USER`), then log in again"
        return Finding("bus", level, f"{path} may not be opened by this user{else_}", advice)
    return Finding("bus", Level.OK, f"{path} can be opened; `upskeep scan` shows what answers there")


def clock(_: Patient) -> Iterator[Finding]:
    """Whether the wall clock is set by a time server."""
    mark = clock_mark()
    if mark == "unset":
        advice = "switch on a time service (`sudo timedatectl set-ntp true`); until then event times may be wrong"
        yield Finding("clock", Level.WARNING, "the wall clock is not synchronised", advice)
    elif mark == "set":
        yield Finding("clock", Level.OK, "the wall clock is synchronised")
    else:
        yield Finding("clock", Level.OK, "this machine does not say whether its clock is synchronised")


def disk(patient: Patient) -> Iterator[Finding]:
    """Room on the disk of the data folder, and how worn the medium calls itself."""
    place = _existing(patient.suite.data)
    usage = shutil.disk_usage(place)
    found = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB are free at {place}"
    if usage.free < LEAST_BYTES:
        yield Finding("disk", Level.FAULT, found, "make room: a service that cannot write stops")
    elif usage.free < LEAST_SHARE * usage.total:
        yield Finding("disk", Level.WARNING, found, "make room, or shorten `history_retention_days`")
    else:
        yield Finding("disk", Level.OK, found)
    yield from wear(Path("/sys/block"))


def wear(blocks: Path) -> Iterator[Finding]:
    """What eMMCs say of their own life, in tenths (JEDEC eMMC 5.0, EXT_CSD 268 and 269)."""
    for file in sorted(blocks.glob("mmcblk*/device/life_time")):
        try:
            tenths = max(int(word, 16) for word in file.read_text(encoding="ascii").split())
        except (OSError, ValueError):
            continue
        found = f"{file.parts[-3]} has used {min(tenths, 10) * 10} % of its life, as it says itself"
        if tenths >= WORN_TENTHS:
            yield Finding("disk", Level.WARNING, found, "replace the card soon, and copy the data folder before")
        elif tenths > 0:
            yield Finding("disk", Level.OK, found)


def permissions(patient: Patient) -> Iterator[Finding]:
    """Whether the data folder can be written, and secrets can be read by this user alone."""
    place = _existing(patient.suite.data)
    if not os.access(place, os.W_OK):
        advice = f"run this as the user whose services write there, or `sudo chown -R $USER {place}`"
        yield Finding("permissions", Level.WARNING, f"{place} may not be written by this user", advice)
    else:
        yield Finding("permissions", Level.OK, f"{place} can be written")
    broker = patient.suite.broker
    for path in (broker.password_file, broker.key_file):
        if path is not None:
            yield _secret(path)


def _secret(path: Path) -> Finding:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        advice = "correct the path in suite.yaml, or make the file"
        return Finding("permissions", Level.FAULT, f"{path} cannot be read ({error.strerror})", advice)
    if mode & OTHERS:
        return Finding("permissions", Level.WARNING, f"{path} can be read by others", f"`chmod 600 {path}`")
    return Finding("permissions", Level.OK, f"{path} can be read by its user alone")


def _existing(path: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())
