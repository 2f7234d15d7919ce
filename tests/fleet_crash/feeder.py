"""The uplink of many simulated sites: a process of its own, so that it can be killed.

It goes through a file of records by the uplink's own way into the log, at a bounded rate, and keeps how far it is
only after the log has confirmed: killed in between, it writes a batch again.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from services.uplink.adapters.kafka_log import KafkaLog
from services.uplink.core.ports import Entry, Unavailable
from services.uplink.settings import UplinkSettings

BATCH = 100
RETRY_S = 0.3


def feed(records: Path, progress: Path, servers: str, topic: str, rate: float, timeout_s: float) -> None:
    """Write what is left of the file."""
    lines = records.read_bytes().splitlines()
    done = int(progress.read_text()) if progress.exists() else 0
    settings = UplinkSettings(servers=tuple(servers.split(",")), topic=topic, timeout_s=timeout_s)
    log = KafkaLog(settings, "feeder")
    while done < len(lines):
        began = time.monotonic()
        batch = [Entry(json.loads(line)["site"].encode(), line) for line in lines[done : done + BATCH]]
        try:
            log.write(batch)
        except Unavailable as error:
            print(error, file=sys.stderr)  # noqa: T201 - its log
            time.sleep(RETRY_S)
            continue
        done += len(batch)
        _keep(progress, done)
        time.sleep(max(0.0, began + len(batch) / rate - time.monotonic()))


def _keep(progress: Path, done: int) -> None:
    fresh = progress.with_suffix(".new")
    fresh.write_text(str(done))
    fresh.replace(progress)


if __name__ == "__main__":
    feed(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5]), float(sys.argv[6]))
