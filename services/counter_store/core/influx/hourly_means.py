"""Hourly means of readings: ``reading_1h``, which are kept longer than the readings.

Rules:
1. Made here and not by the server: continuous queries (1.x) and tasks (2.x) miss late readings, 3 Core has neither.
2. An hour is the wall clock's, UTC, by the frames' own times. It is due once it is over: when its device's next hour
   begins, or, for a device gone silent, when another device is more than an hour past its end.
3. Where the clock was put back an hour may come in pieces. Each is a point of its own, dated within the first
   microsecond of the hour by the ``seq`` of its first frame, and ``frames`` says how much it weighs.
4. Numbers have ``_mean``, ``_min`` and ``_max``; a boolean counts as 0 or 1, so its mean is the share of true. Texts
   have no mean. Frames that are ``bad`` are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from services.counter_store.core.influx.line_protocol import Field, encode_point
from services.counter_store.core.influx.points import NS_PER_US
from services.counter_store.core.time_units import HOUR_US
from shared.instants import time_to_us
from shared.messages import Frame, Quality, Scalar


class ChannelSum(NamedTuple):  # and no dataclass: one is made for each value that is read
    """One channel's values: number, sum, least and greatest."""

    number: int
    total: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DeviceHour:
    """One device's hour so far."""

    device: str
    zone: str | None
    start_us: int
    seq: int
    frames: int
    spans: dict[str, ChannelSum]


def fold_frame(hour: DeviceHour | None, frame: Frame) -> tuple[DeviceHour | None, DeviceHour | None]:
    """Return (the hour that this frame ends, the hour that it belongs to); None for neither."""
    if frame.quality is Quality.BAD:
        return None, hour
    values = {name: number for name, value in frame.values.items() if (number := _number(value)) is not None}
    if not values:
        return None, hour
    start_us = time_to_us(frame.time) // HOUR_US * HOUR_US
    if hour is None or (hour.start_us, hour.zone) != (start_us, frame.zone):
        spans = {name: ChannelSum(1, value, value, value) for name, value in values.items()}
        return hour, DeviceHour(frame.device, frame.zone, start_us, frame.seq, 1, spans)
    spans = hour.spans | {name: _fold(hour.spans.get(name), value) for name, value in values.items()}
    return None, DeviceHour(hour.device, hour.zone, hour.start_us, hour.seq, hour.frames + 1, spans)


def is_silent_since(start_us: int, frame: Frame) -> bool:
    """Whether another device's frame shows that the hour that began at ``start_us`` is over."""
    return time_to_us(frame.time) >= start_us + 2 * HOUR_US


def hour_to_line(hour: DeviceHour, site: str) -> str | None:
    """Return the ``reading_1h`` point of an hour, dated at its start."""
    fields: dict[str, Field] = {"frames": hour.frames}
    for name, span in hour.spans.items():
        fields |= {f"{name}_mean": span.total / span.number, f"{name}_min": span.low, f"{name}_max": span.high}
    tags = {"site": site, "device": hour.device, "zone": hour.zone}
    return encode_point("reading_1h", tags, fields, hour.start_us * NS_PER_US + hour.seq % NS_PER_US)


def _fold(span: ChannelSum | None, value: float) -> ChannelSum:
    if span is None:
        return ChannelSum(1, value, value, value)
    number, total, low, high = span
    return ChannelSum(number + 1, total + value, min(low, value), max(high, value))


def _number(value: Scalar) -> float | None:
    if isinstance(value, str):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
