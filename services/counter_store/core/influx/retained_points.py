"""The points of retained messages: alerts and health.

A retained message comes again after a reconnect or a start, and changes while the store was down show only as the last
state. A point has the time of the change, so a repeat is the same point. Two alerts of one rule may change in the same
microsecond, and the key is no tag: a hash of the key chooses one of its thousand nanoseconds.
"""

from __future__ import annotations

import zlib
from datetime import datetime

from services.counter_store.core.influx.line_protocol import Field, encode_point
from services.counter_store.core.influx.points import NS_PER_US
from shared.instants import time_to_us
from shared.messages import Alert


def alert_to_line(alert: Alert, site: str) -> str | None:
    """Return the ``alert`` point of a change, or None if its time cannot be written."""
    tags = {"site": site, "rule": alert.rule, "severity": alert.severity.value, "state": alert.state.value}
    fields: dict[str, Field] = {
        "key": alert.key,
        "value": alert.value,
        "threshold": alert.threshold,
        "message": alert.message,
    }
    time_ns = time_to_us(alert.time) * NS_PER_US + zlib.crc32(alert.key.encode()) % NS_PER_US
    return encode_point("alert", tags, fields, time_ns)


def health_to_line(site: str, score: float, grade: str, time: datetime) -> str | None:
    """Return the ``health`` point of a calculation: ``score`` in 0…100."""
    return encode_point("health", {"site": site}, {"score": float(score), "grade": grade}, time_to_us(time) * NS_PER_US)
