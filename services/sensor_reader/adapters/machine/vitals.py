"""The host's own state beside its temperature: supply and throttling, disk, uptime, load. Each only where it is shown.

Sources: proc(5) for uptime and loadavg; statvfs(3); Linux, drivers/firmware/raspberrypi.c for ``get_throttled``, whose
bits are those of ``vcgencmd get_throttled`` (raspberrypi.com/documentation/computers/os.html#get_throttled).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from services.sensor_reader.core.ports import PortError

Values = dict[str, float | bool]

_THROTTLED = {0: "under_voltage", 1: "frequency_capped", 2: "throttled", 3: "too_warm"}
_SINCE_BOOT = 16  # the same bits, from here on, report the time since the start


class LinuxVitals:
    """``HostVitals`` of this machine; ``root`` stands for ``/``, ``data`` is the folder whose disk is watched."""

    def __init__(self, root: Path = Path("/"), data: Path | None = None) -> None:
        self._root = root
        self._data = data

    def read(self) -> Values:
        """Return what this machine shows; raises PortError for what is there and cannot be read."""
        values: Values = {}
        for read in (self._uptime, self._load, self._throttled, self._disk):
            values |= read()
        return values

    def _uptime(self) -> Values:
        return _read(self._root / "proc/uptime", lambda text: {"uptime": float(text.split()[0])})

    def _load(self) -> Values:
        return _read(self._root / "proc/loadavg", lambda text: {"load_average": float(text.split()[0])})

    def _throttled(self) -> Values:
        for path in sorted((self._root / "sys/devices/platform").glob("soc*/*firmware/get_throttled")):
            return _read(path, lambda text: throttled(int(text, 16)))
        return {}

    def _disk(self) -> Values:
        if self._data is None:
            return {}
        place = next((folder for folder in (self._data, *self._data.absolute().parents) if folder.exists()), None)
        if place is None:
            return {}
        try:
            disk = os.statvfs(place)
        except OSError as error:
            raise PortError("bus", f"{place}: {error.strerror}") from error
        if not disk.f_blocks:
            return {}
        free = min(disk.f_bavail, disk.f_blocks)
        return {"disk_free": 100 * free / disk.f_blocks, "disk_free_bytes": free * disk.f_frsize}


def throttled(bits: int) -> Values:
    """Return the facts of a Raspberry Pi's throttling bits, present ones and those since the start."""
    now: Values = {name: bool(bits >> bit & 1) for bit, name in _THROTTLED.items()}
    since: Values = {f"{name}_since_boot": bool(bits >> _SINCE_BOOT + bit & 1) for bit, name in _THROTTLED.items()}
    return now | since


def _read(path: Path, meaning: Callable[[str], Values]) -> Values:
    try:
        return meaning(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, IndexError) as error:
        raise PortError("bus", f"{path}: {error}") from error
