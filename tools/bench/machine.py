"""What a bench ran on, and how fast that is by itself."""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

PACKAGES = ("upskeep", "paho-mqtt", "pydantic")
LOOPS, ROUNDS = 20_000, 5
FRAME = {
    "producer": "sensor_reader",
    "epoch": "0123456789ab",
    "seq": 1,
    "device": "ups",
    "values": {"load": 17.0, "ac_present": True},
}


def describe() -> list[tuple[str, str]]:
    """Return machine, system and versions, each with its name."""
    load = os.getloadavg()[0]
    versions = [*(f"{name} {version(name)}" for name in PACKAGES), f"SQLite {sqlite3.sqlite_version}", _broker()]
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return [
        ("machine", f"{os.cpu_count()} cores, {_processor()}, {_memory_gb():.0f} GB, load {load:.1f} at the start"),
        ("system", f"{system}, Python {platform.python_version()}"),
        ("versions", ", ".join(versions)),
    ]


def calibration_us() -> float:
    """Return the processor time of one turn of a fixed loop, a frame to JSON and back, in microseconds."""
    return median(_loop_us() for _ in range(ROUNDS))


def _loop_us() -> float:
    began = time.process_time()
    for _ in range(LOOPS):
        json.loads(json.dumps(FRAME))
    return (time.process_time() - began) / LOOPS * 1e6


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _broker() -> str:
    try:
        said = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    except OSError:
        return "no Mosquitto"
    return f"Mosquitto {said.split()[2]}" if len(said.split()) > 2 else "Mosquitto"
