"""What a dashboard is made of: queries in InfluxQL, panels, rows, boards.

``$timeFilter`` and ``$__interval`` are filled in by Grafana's InfluxDB plugin; ``$site`` and ``$device`` by the
variables at the top of each board, as regular expressions: ``(ups|rack)``, or ``.*`` for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HERE = '"site" =~ /^$site$/ AND $timeFilter'
OF_DEVICE = '"device" =~ /^$device$/'


class Source(StrEnum):
    """The provisioned data sources, by uid; without ``readings_to`` both are one database."""

    MAIN = "upskeep"
    READINGS = "upskeep-readings"


class Kind(StrEnum):
    """Grafana's panel types that are used here."""

    LINES = "timeseries"
    NOW = "stat"
    BARS = "bargauge"
    STATES = "state-timeline"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """One InfluxQL query; ``alias`` names its series (``$tag_device``), a table has none."""

    text: str
    alias: str
    source: Source


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: ``width`` of 24, ``height`` in Grafana's grid of 30 px; ``steps`` are (from value, colour)."""

    title: str
    kind: Kind
    unit: str
    queries: tuple[Query, ...]
    width: int = 12
    height: int = 8
    about: str = ""
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)
    names: tuple[tuple[str, str, str], ...] = ()  # (value, shown as, colour)
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Events drawn as vertical lines over every panel."""

    name: str
    types: str
    colour: str


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()
    span: str = "now-24h"
    by_device: bool = True


def select(
    what: str, measurement: str, where: str = "", *, per: str = "", over_time: str = "", alias: str = "", more: str = ""
) -> Query:
    """Return a query of one measurement at the site and in the time that the board shows.

    ``where`` is a further condition, ``per`` the tag to have a series each of, ``over_time`` what ``fill()`` is given
    where there is to be a value an interval; empty: one value in all. A series is named by its tag if ``alias`` is not
    given.
    """
    conditions = " AND ".join((where, HERE) if where else (HERE,))
    groups = ", ".join([*(["time($__interval)"] if over_time else []), *([f'"{per}"'] if per else [])])
    text = f'SELECT {what} FROM "{measurement}" WHERE {conditions}'  # noqa: S608 - from this package's tables alone
    text += f" GROUP BY {groups}" if groups else ""
    text += f" fill({over_time})" if over_time else ""
    source = Source.READINGS if measurement == "reading" else Source.MAIN
    return Query(f"{text} {more}".rstrip(), alias or (f"$tag_{per}" if per else ""), source)
