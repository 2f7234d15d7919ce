"""Candidates offered from outside (``ingest/…``): each becomes an Event, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.event_processor.core.catalogue.data_shapes import mismatches, slips
from services.event_processor.core.catalogue.event_types import suggestion
from services.event_processor.core.device.latch import stamp
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.rules.sections import UNKNOWN
from shared.jumps import CLOCK_JUMP
from shared.messages import Candidate, Event, event_id
from shared.names import NAME

MOST_AHEAD = timedelta(seconds=60)
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)  # a device without a clock says 1970, 2000 or when its firmware was built
DEVICE_FIELDS, ZONE_FIELDS = ("device_id", "sensor_id"), ("zone",)  # as the specification's own events name them
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # in an id that must not depend on when something arrived


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a candidate is refused, for a person; ``report`` is the event that counts an offer of an unknown type."""

    reason: str
    report: Event | None = None


def admit(
    compiled: CompiledRules, producer: str, candidate: Candidate, received_at: datetime, arrival: int = 0
) -> Event | Refusal:
    """Return the candidate as an Event of this site.

    Its time is its own, else ``received_at``. A time more than ``MOST_AHEAD`` ahead of ``received_at`` is refused,
    since it would count as recent for ever; so is one before ``EARLIEST``, which no window and no history holds. With
    an ``id`` the Event's id follows from (producer, id) alone; without one, from its arrival, where ``arrival``
    distinguishes two in one instant.
    """
    if candidate.type == CLOCK_JUMP:
        return Refusal(f"{CLOCK_JUMP} moves every window there is; only the suite's own reader reports one")
    kind = compiled.catalogue.get(candidate.type)
    if kind is None:
        hint = suggestion(candidate.type, compiled.catalogue)
        reason = f"no event type {candidate.type!r} in config/events.yaml{hint or '; add it there to admit it'}"
        return Refusal(reason, _unknown(compiled, producer, candidate, received_at, arrival))
    wrong = list(mismatches(kind.data, kind.required, candidate.data))
    wrong += slips(kind.data, candidate.data, DEVICE_FIELDS + ZONE_FIELDS)
    if wrong:
        return Refusal(f"{candidate.type}: {'; '.join(wrong)}; config/events.yaml says what its data is")
    time = candidate.time or received_at
    if time - received_at > MOST_AHEAD:
        return Refusal(
            f"its time {stamp(time)} is ahead of this machine's {stamp(received_at)} by more than "
            f"{MOST_AHEAD.total_seconds():.0f} s; set the sender's clock"
        )
    if time < EARLIEST:
        return Refusal(
            f"its time {stamp(time)} is before {EARLIEST.year}: the sender's clock is not set; "
            "set it, or leave the time out, and it is taken as of its arrival"
        )
    device, zone = placed(candidate)
    return Event(
        id=_id(compiled, producer, candidate, time, received_at, arrival),
        type=candidate.type,
        category=kind.category,
        severity=candidate.severity or kind.severity,
        time=time,
        site=compiled.site,
        device=device,
        zone=zone or (compiled.device_rules(device).device.zone if device else None),
        data=candidate.data,
        metadata={**candidate.metadata, "offered_by": producer} | ({"offer": candidate.id} if candidate.id else {}),
    )


def placed(candidate: Candidate) -> tuple[str | None, str | None]:
    """Return the candidate's device and zone: its own fields, else those of its data or metadata if they are names."""
    data, metadata = candidate.data, candidate.metadata
    device = candidate.device or _name(data[field] for field in DEVICE_FIELDS if field in data)
    named = [where[field] for where in (metadata, data) for field in ZONE_FIELDS if field in where]
    return device, candidate.zone or _name(named)


def _name(values: Iterable[Any]) -> str | None:
    return next((value for value in values if isinstance(value, str) and NAME.match(value)), None)


def _unknown(
    compiled: CompiledRules, producer: str, candidate: Candidate, received_at: datetime, arrival: int
) -> Event:
    """Return the event that counts an offer of an unknown type; an offer with an id always gives the same one."""
    kind = compiled.catalogue[UNKNOWN]
    device, zone = placed(candidate)
    return Event(
        id=_id(compiled, producer, candidate, received_at, received_at, arrival, "unknown"),
        type=UNKNOWN,
        category=kind.category,
        severity=kind.severity,
        time=received_at,
        site=compiled.site,
        device=device,
        zone=zone,
        data={"offered_type": candidate.type, "offered_by": producer},
        metadata={"offered_by": producer} | ({"offer": candidate.id} if candidate.id else {}),
    )


def _id(
    compiled: CompiledRules,
    producer: str,
    candidate: Candidate,
    time: datetime,
    received_at: datetime,
    arrival: int,
    what: str = "ingest",
) -> str:
    if candidate.id is not None:
        return event_id(compiled.site, "", None, NO_TIME, f"{what}|{producer}|{candidate.id}")
    cause = f"{what}|{producer}|{stamp(received_at)}|{arrival}"
    return event_id(compiled.site, candidate.type, candidate.device, time, cause)
