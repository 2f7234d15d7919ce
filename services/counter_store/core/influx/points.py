"""Which points the store writes: ``reading``, ``event`` and ``counter``, and when each is dated.

Rules:
1. Tags are few and bounded (site, device, zone, type, category, severity); ids and data are fields.
2. Every number is a float, 3 as well as 3.1. Only counts are integers.
3. Two points of one series never share a timestamp, or the later would overwrite the earlier. A message's
   microsecond leaves 1000 nanoseconds to distinguish them: a reading takes its ``seq`` modulo 1000, an event
   the first one that no event of its type holds, a counter the first one after the counter before it. An event
   that finds its microsecond full moves to the next one; ``moved_us`` says by how much, so that it can be read back.
4. A name that the point itself uses gets a ``_``: a channel ``quality`` is stored as ``quality_``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from services.counter_store.core.influx.line_protocol import FIRST_NS, LAST_NS, Field, encode_point
from services.counter_store.core.time_units import DAY_US
from shared.instants import time_to_us, us_to_time
from shared.messages import Event, Frame

NS_PER_US = 1000

_RESERVED = frozenset(
    {"time", "site", "device", "zone", "type", "category", "severity", "quality"}
    | {"id", "seq", "data", "metadata", "producer", "epoch", "moved_us"}
)
_to_json = TypeAdapter(dict[str, Any]).serializer.to_json  # what ``dump_json`` calls, at a fourth of its time


def data_to_json(data: Mapping[str, Any]) -> str:
    """Return ``data`` as compact JSON; NaN and infinities, which JSON does not know, become null."""
    return _to_json(dict(data)).decode()


def is_datable(time_us: int) -> bool:
    """Return whether InfluxDB can hold that time: the years 1678 to 2262."""
    return FIRST_NS <= time_us * NS_PER_US <= LAST_NS - NS_PER_US


def frame_to_line(frame: Frame, site: str) -> str | None:
    """Return the ``reading`` point of a frame, or None if it holds no value (a failed poll)."""
    values = {_name(name): _float(value) for name, value in frame.values.items()}
    fields = {name: value for name, value in values.items() if name and value is not None}
    if not fields:
        return None
    tags = {"site": site, "device": frame.device, "zone": frame.zone}
    time_ns = time_to_us(frame.time) * NS_PER_US + frame.seq % NS_PER_US
    return encode_point("reading", tags, {**fields, "quality": frame.quality.value}, time_ns)


def event_to_line(event: Event, time_ns: int) -> str | None:
    """Return the ``event`` point: the whole event, and each number of its data as a field of its own too.

    A boolean stays in the JSON: as a field it would conflict with a number of that name in another type.
    """
    tags = {
        "site": event.site,
        "type": event.type,
        "category": event.category,
        "severity": event.severity.value,
        "device": event.device,
        "zone": event.zone,
    }
    fields: dict[str, Field] = {"id": event.id, "producer": event.producer, "epoch": event.epoch, "seq": event.seq}
    fields |= {"data": data_to_json(event.data), "metadata": data_to_json(event.metadata)}
    if moved_us := time_ns // NS_PER_US - time_to_us(event.time):
        fields["moved_us"] = moved_us
    for name, value in event.data.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = _float(value)
            fields |= {} if number is None else {_name(name): number}
    return encode_point("event", tags, fields, time_ns)


def point_to_event(fields: Mapping[str, Any], time_ns: int) -> Event | None:
    """Return the event of an ``event`` point's tags and fields, or None if it is not one of ours.

    A point of before version 0.1 has no producer, epoch or metadata; ``metadata.restored`` says so.
    """
    try:
        metadata = fields.get("metadata")
        known = {name: value for name, value in fields.items() if value not in (None, "")}
        time_us = time_ns // NS_PER_US - (fields.get("moved_us") or 0)
        texts = {
            "data": json.loads(fields["data"]),
            "metadata": {"restored": True} if metadata is None else json.loads(metadata),
        }
        return Event.model_validate(known | texts | {"time": us_to_time(time_us)})
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def counter_to_line(event_type: str, total: int, site: str, time_ns: int) -> str | None:
    """Return the ``counter`` point: the total at that time."""
    return encode_point("counter", {"site": site, "type": event_type}, {"total": total}, time_ns)


def counter_time_ns(newest_us: int, as_of_us: int, previous_ns: int | None) -> int:
    """Return the timestamp of a counter's next point: its newest event, but always after the point before.

    An event from a clock that runs more than a day ahead is dated ``as_of``, or it would come after every later total.
    """
    time_us = newest_us if newest_us <= as_of_us + DAY_US else as_of_us
    time_ns = time_us * NS_PER_US
    return time_ns if previous_ns is None else max(time_ns, previous_ns + 1)


def _name(name: str) -> str:
    return name + "_" if name.rstrip("_") in _RESERVED else name


def _float(value: Field) -> Field | None:
    if isinstance(value, bool | str):
        return value
    try:
        return float(value)
    except OverflowError:
        return None
