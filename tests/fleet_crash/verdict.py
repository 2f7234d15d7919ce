"""What the centre has against what the oracle says it must have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from fleet.simulation.oracle import Expected, RegionalAlert
from fleet.store.connection import Connection, DatabaseAwayError, connect

SHOWN = 10
SPELLS = "SELECT rule, key, since, CASE state WHEN 'resolved' THEN time END FROM fleet_alerts WHERE rule = %s"


@dataclass
class Verdict:
    """The figures of the line that is printed, and every difference in words."""

    produced: int
    counted: int
    lost: int
    duplicated: int
    repeats: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.duplicated or self.differences)


def judge(wanted: Expected, database: str, rule: str) -> Verdict:
    """Compare every count, every hour, every alert; raises DatabaseAwayError."""
    with closing(connect(database)) as made:
        counts = Counter({(s, t): n for s, t, n in made.execute("SELECT site, type, total FROM counts").fetchall()})
        verdict = Verdict(
            wanted.events,
            counts.total(),
            (wanted.counts - counts).total(),
            (counts - wanted.counts).total(),
            int(_one(made, "SELECT coalesce(sum(repeats), 0)::bigint FROM log_positions")),
        )
        verdict.differences += _differences(wanted, made, rule)
    return verdict


def known_sites(database: str) -> int:
    """Return how many sites the centre has heard of; 0 while it cannot be asked."""
    try:
        with closing(connect(database)) as made:
            return int(_one(made, "SELECT count(*) FROM sites"))
    except DatabaseAwayError:
        return 0


def _differences(wanted: Expected, made: Connection, rule: str) -> Iterator[str]:
    ask = made.execute
    hours = {(s, t, h): n for s, t, h, n in ask("SELECT site, type, hour, total FROM hourly_counts").fetchall()}
    yield from _unlike("hour", dict(wanted.hours), hours)
    alerts = {
        (s, r, k): (state, at) for s, r, k, state, at in ask("SELECT site, rule, key, state, time FROM site_alerts")
    }
    yield from _unlike("alert", wanted.alerts, alerts)
    spells = {RegionalAlert(*row): "" for row in ask(SPELLS, [rule]).fetchall()}
    yield from _unlike("regional alert", dict.fromkeys(wanted.spells, ""), spells)
    for what, query in (
        ("events in the history", "SELECT count(*) FROM events"),
        ("different events in the history", "SELECT count(DISTINCT (site, id)) FROM events"),
    ):
        if (found := _one(made, query)) != wanted.events:
            yield f"{what}: {found}, and {wanted.events} were produced"
    for what in ("gaps", "dead_letters"):
        if rows := ask(f"SELECT * FROM {what} LIMIT 3".encode()).fetchall():  # noqa: S608 - tables of ours
            yield f"{what}: {rows}"


def _one(made: Connection, query: Any) -> Any:
    row = made.execute(query).fetchone()
    assert row is not None
    return row[0]


def _unlike(what: str, wanted: dict[Any, Any], found: dict[Any, Any]) -> Iterator[str]:
    other = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
    for key in sorted(other, key=str)[:SHOWN]:
        yield f"{what} {' '.join(map(str, key))}: expected {wanted.get(key)}, got {found.get(key)}"
    if len(other) > SHOWN:
        yield f"… and {len(other) - SHOWN} more of {what}"
