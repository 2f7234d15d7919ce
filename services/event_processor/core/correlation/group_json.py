"""Groups of incidents as JSON text, and after a jump of the wall clock."""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from typing import Any

from services.event_processor.core.correlation.incidents import NEVER, Entry, FoldState, Group, Incident
from shared.instants import time_to_us, us_to_time
from shared.jumps import Jump


def group_to_json(group: Group) -> str:
    """Return the group as JSON text, which ``group_from_json`` reads."""
    return json.dumps(
        [
            _reached(group.settled),
            group.floor_us,
            [astuple(entry) for entry in group.pending],
            _reached(group.live),
            [astuple(incident) for incident in group.closed],
            group.newest_us,
            group.sender,
        ],
        separators=(",", ":"),
    )


def _reached(reached: FoldState) -> list[Any]:
    return [[astuple(entry) for entry in reached.evidence], None if reached.open is None else astuple(reached.open)]


def group_from_json(text: str) -> Group:
    """Return the group that ``group_to_json`` wrote, in this version or an earlier one."""
    settled, floor_us, pending, live, closed, newest_us, *sender = json.loads(text)  # an older one has no sender
    return Group(
        _read_reached(settled),
        floor_us,
        tuple(Entry(*values) for values in pending),
        _read_reached(live),
        tuple(_incident(values) for values in closed),
        newest_us,
        *sender,
    )


def _read_reached(values: list[Any]) -> FoldState:
    evidence, current = values
    return FoldState(tuple(Entry(*entry) for entry in evidence), None if current is None else _incident(current))


def _incident(values: list[Any]) -> Incident:
    identity, start_us, last_us, count, events, end_us, why = values
    return Incident(identity, start_us, last_us, count, tuple(events), end_us, why)


def moved(group: Group, jump: Jump) -> Group:
    """Return the group after a jump of the clock, its times moved so that ages stay the same."""

    def shift(us: int) -> int:
        return us if us <= NEVER else time_to_us(jump.moved(us_to_time(us)))

    def entries(all_of: tuple[Entry, ...]) -> tuple[Entry, ...]:
        return tuple(sorted(replace(entry, time_us=shift(entry.time_us)) for entry in all_of))

    def incident(old: Incident) -> Incident:
        end_us = None if old.end_us is None else shift(old.end_us)
        return replace(old, start_us=shift(old.start_us), last_us=shift(old.last_us), end_us=end_us)

    def reached(old: FoldState) -> FoldState:
        return FoldState(entries(old.evidence), None if old.open is None else incident(old.open))

    return Group(
        reached(group.settled),
        shift(group.floor_us),
        entries(group.pending),
        reached(group.live),
        tuple(incident(old) for old in group.closed),
        shift(group.newest_us),
        group.sender,
    )
