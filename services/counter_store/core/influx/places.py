"""The buckets or databases that points need, which of them are missing, and how a person would make them.

Rules:
1. There are at most two places: one for everything, kept for ever since a lost ledger is read back from it, and one for
   readings if the settings name it. Hourly means need no place of their own.
2. Missing places are made. A retention period is changed only on a person's request (``upskeep influx setup``), and
   never that of the first place: a shorter one deletes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DAY_S = 86_400
Do = Literal["nothing", "create", "change", "report"]


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket or database and its retention period in seconds; 0: for ever, None: the server does not say."""

    name: str
    keep_s: int | None


@dataclass(frozen=True, slots=True)
class PlaceStep:
    """What to do about one place: ``nothing``, ``create``, ``change`` its retention period, or ``report`` it."""

    do: Do
    place: Place
    found: Place | None
    forever: bool  # events live here

    def __str__(self) -> str:
        name, keeps = self.place.name, retention_text(self.place.keep_s)
        if self.do == "create" or self.found is None:
            return f"{name}: is not there, or may not be seen; to be kept {keeps}"
        has = retention_text(self.found.keep_s)
        if self.do == "change":
            return f"{name}: is there, kept {has}; wanted {keeps}"
        if self.do == "report":
            return f"{name}: is there, kept {has}: what is older cannot be read back into a lost ledger"
        return f"{name}: is there, kept {has}"


def wanted(place: str, readings_to: str | None, readings_days: int) -> tuple[Place, ...]:
    """Return the places the settings ask for, that of the events first."""
    main = Place(place, 0)
    return (main,) if readings_to is None else (main, Place(readings_to, readings_days * DAY_S))


def plan(places: tuple[Place, ...], found: Mapping[str, Place]) -> tuple[PlaceStep, ...]:
    """Return a step for each place; a first place that forgets is reported, and not changed."""
    return tuple(_step(place, found.get(place.name), place is places[0]) for place in places)


def _step(place: Place, found: Place | None, forever: bool) -> PlaceStep:
    if found is None:
        return PlaceStep("create", place, None, forever)
    if found.keep_s == place.keep_s or (found.keep_s is None and not place.keep_s):
        return PlaceStep("nothing", place, found, forever)
    return PlaceStep("report" if forever else "change", place, found, forever)


def retention_text(keep_s: int | None) -> str:
    """Return a retention period in words."""
    if keep_s is None:
        return "as long as it was made for (the server does not say)"
    if keep_s == 0:
        return "for ever"
    return f"for {keep_s // DAY_S} days" if keep_s % DAY_S == 0 else f"for {keep_s / 3600:g} hours"


def split_policy(name: str) -> tuple[str, str | None]:
    """Return (database, retention policy or None) of a v2 bucket name as 1.8 maps it: ``database/policy``."""
    database, _, policy = name.partition("/")
    return database, policy or None


def influxql(step: PlaceStep) -> str:
    """Return the InfluxQL statement of a step, for InfluxDB 1.x."""
    database, policy = split_policy(step.place.name)
    duration = f"{(step.place.keep_s or 0) // 3600}h" if step.place.keep_s else "INF"
    if step.do == "change":
        return f"ALTER RETENTION POLICY {quoted(policy or 'autogen')} ON {quoted(database)} DURATION {duration}"
    if policy:
        return f"CREATE RETENTION POLICY {quoted(policy)} ON {quoted(database)} DURATION {duration} REPLICATION 1"
    return f"CREATE DATABASE {quoted(database)} WITH DURATION {duration} NAME {quoted('autogen')}"


def command(step: PlaceStep, major: int, org: str | None) -> str:
    """Return the shell command of a step, for InfluxDB's command line of that version."""
    name, keep_h = step.place.name, (step.place.keep_s or 0) // 3600
    if major == 1:
        return f"influx -execute '{influxql(step)}'"
    if major == 2 and step.do == "create":
        return f"influx bucket create --org {org} --name {name} --retention {keep_h}h"
    if major == 2:
        found = f"influx bucket list --hide-headers --org {org} --name {name} | cut -f1"
        return f"influx bucket update --id $({found}) --retention {keep_h}h"
    if step.do == "change":
        return f"influxdb3 update database --database {name} --retention-period {f'{keep_h}h' if keep_h else 'none'}"
    retention = f" --retention-period {keep_h}h" if keep_h else ""
    return f"influxdb3 create database{retention} {name}"


def quoted(name: str) -> str:
    """Return an identifier as InfluxQL spells it."""
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
