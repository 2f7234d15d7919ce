"""``make bench ARGS="--check"``: the processor time of a frame, held against ``kept.json``.

A machine is as fast as it is: what is kept, and compared, is the ratio to ``machine.calibration_us``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tools.bench.machine import calibration_us
from tools.bench.throughput import throughput, ups_load

KEPT = Path(__file__).with_suffix(".json")
FRAMES, ROUNDS = 30_000, 3
WORSE = 1.20  # than what is kept


def ratio(say: Callable[[str], None]) -> float:
    """Return the processor time of a UPS's frame over that of the calibration's loop: the median of rounds in turns."""
    found = []
    for _ in range(ROUNDS):
        loop_us = calibration_us()
        with tempfile.TemporaryDirectory() as folder:
            frame_us = sum(throughput("mosquitto", ups_load(FRAMES), Path(folder)).cpu_us.values())
        found.append(frame_us / loop_us)
        say(f"a frame {frame_us:.0f} µs, the calibration's loop {loop_us:.2f} µs: {found[-1]:.1f}")
    return median(found)


def check(say: Callable[[str], None]) -> bool:
    """Say how a frame's cost compares with the kept one, and whether it is at most a fifth above it."""
    kept = float(json.loads(KEPT.read_text(encoding="utf-8"))["frame_by_loop"])
    found = ratio(say)
    verdict = "no worse than is allowed" if found <= kept * WORSE else f"WORSE: at most {kept * WORSE:.1f} is allowed"
    say(f"a frame costs {found:.1f} loops, {kept:.1f} are kept: {verdict}")
    return found <= kept * WORSE


def keep(version: str, say: Callable[[str], None]) -> None:
    """Measure anew and keep it."""
    KEPT.write_text(
        json.dumps({"version": version, "frame_by_loop": round(ratio(say), 1)}, indent=2) + "\n", encoding="utf-8"
    )
    say(f"kept in {KEPT.name}")
