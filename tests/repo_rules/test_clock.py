"""The machine's clock is read in ``shared/clock.py`` and handed in; who else reads it stands here."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READS = re.compile(r"\btime\.(monotonic|time|perf_counter)(_ns)?\b|\bdatetime\.(now|utcnow)\b")
BOUND_A_WAIT = {  # nothing is decided or stored by what these read
    "services/alerter/adapters/delivery_worker.py",
    "services/alerter/adapters/delivery_workers.py",
    "services/sensor_reader/adapters/remote/nut.py",  # how long a server may take to answer
    "shared/client/client.py",
    "shared/client/connect.py",
}


def test_nobody_else_reads_the_clock() -> None:
    """A service takes its Clock from ``Context``; add a file here only where a wait needs a bound."""
    files = [path for folder in ("fleet", "services", "shared") for path in (ROOT / folder).rglob("*.py")]
    reading = {str(path.relative_to(ROOT)) for path in files if READS.search(path.read_text(encoding="utf-8"))}

    assert {"shared/clock.py"} == reading - BOUND_A_WAIT
