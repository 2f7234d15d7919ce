"""What was said once, said by another site at another time: names, times and ids are put in as text.

To play a scenario costs a second, to shift a record of it some microseconds; ten thousand sites need the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from fleet.simulation.stories import START, Said
from shared.instants import time_to_us, us_to_time
from shared.messages import Alert, DeviceState, Event, Frame

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
VARIES = re.compile(f"({TIME})|({ID})")
SPACE = UUID("3f0d3f3c-5d0c-5b52-9a63-0a0b8f7a41c5")  # any, for ids of simulated sites
OF_THE_PLACE = {"site", "producer", "epoch", "seq"}

Kind = Literal["event", "alert", "state", "raw"]
KINDS: dict[type[Said], Kind] = {Event: "event", Alert: "alert", DeviceState: "state", Frame: "raw"}
SPEAKERS: dict[Kind, str] = {"event": "event_processor", "raw": "sensor_reader"}  # whose place a message holds itself


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a story as text with holes: a number is a time in µs after the story's start, a UUID is an id."""

    kind: Kind
    at_us: int
    parts: tuple[str | int | UUID, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: its site and track, and its number there."""

    site: str
    epoch: str
    seq: int


def lines_of(said: Iterable[Said], start: datetime = START) -> tuple[Line, ...]:
    """Return a story as lines."""
    return tuple(_line(each, time_to_us(start)) for each in said)


def _line(message: Said, start_us: int) -> Line:
    kind = KINDS[type(message)]
    text = message.model_dump_json(exclude_none=True, exclude=OF_THE_PLACE if kind in SPEAKERS else None)
    parts: list[str | int | UUID] = []
    end = 0
    for found in VARIES.finditer(text):
        parts.append(text[end : found.start()])
        parts.append(time_to_us(datetime.fromisoformat(found[1])) - start_us if found[1] else UUID(found[2]))
        end = found.end()
    return Line(kind, time_to_us(message.time) - start_us, (*parts, text[end:]))


def record(line: Line, place: Place, start_us: int, playing: str) -> bytes:
    """Return the value of a line's record where its story began at ``start_us``; ``playing`` tells its ids apart."""
    message = "".join([_filled(part, start_us, playing) for part in line.parts])
    producer = SPEAKERS.get(line.kind, "uplink")
    site = f'"site":"{place.site}",'
    track = f'"producer":"{producer}","epoch":"{place.epoch}","seq":{place.seq}'
    if line.kind in SPEAKERS:
        message = f"{{{site if line.kind == 'event' else ''}{track},{message[1:]}"
    return f'{{"v":1,{site}{track},"stream":"{line.kind}","kind":"{line.kind}","message":{message}}}'.encode()


def _filled(part: str | int | UUID, start_us: int, playing: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, UUID):
        return str(uuid5(SPACE, f"{playing}|{part}"))
    return us_to_time(start_us + part).isoformat(timespec="microseconds").replace("+00:00", "Z")
