"""The dashboard over the fleet's PostgreSQL, as a table: ``grafana/fleet/upskeep-fleet.json`` is made from it.

Its queries ask the views that the commands ask (``fleet/store/migrations``). ``$region`` is the variable at the top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PATH = "grafana/fleet/upskeep-fleet.json"
UID, TITLE = "upskeep-fleet", "Upskeep: fleet"
WIDTH = 24
SOURCE = {"type": "grafana-postgresql-datasource", "uid": "upskeep-fleet"}
HERE = "region IN ($region)"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its query; ``kind`` is Grafana's own word, ``bad`` the value from which a number is red."""

    title: str
    query: str
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 12
    height: int = 8
    bad: float | None = None
    about: str = ""


def number(title: str, query: str, bad: float | None = None, unit: str = "short") -> Panel:
    """Return a single number."""
    return Panel(title, query, "stat", unit, 4, 4, bad)


def over_time(column: str, what: str, source: str, per: str, where: str = "") -> str:
    """Return a query of a series for each ``per``."""
    conditions = " AND ".join(each for each in (f"$__timeFilter({column})", HERE, where) if each)
    return (
        f"SELECT $__timeGroupAlias({column}, $__interval), {per} AS metric, {what} AS value FROM fleet.{source}"  # noqa: S608 - tables of ours
        f" WHERE {conditions} GROUP BY 1, 2 ORDER BY 1"
    )


EVENTS = "events JOIN fleet.sites USING (site)"
PANELS = (
    number("Sites", "SELECT count(*) FROM fleet.sites WHERE region IN ($region)"),
    number("On battery", "SELECT count(*) FROM fleet.site_status WHERE power = 'battery' AND region IN ($region)", 1),
    number("Less than 30 minutes left",
           "SELECT count(*) FROM fleet.site_status WHERE runtime_s < 1800 AND region IN ($region)", 1),
    number("Silent for a day",
           "SELECT count(*) FROM fleet.sites WHERE last_heard < now() - interval '1 day' AND region IN ($region)", 1),
    number("Alerts over many sites", "SELECT count(*) FROM fleet.open_alerts WHERE of = 'fleet'", 1),
    number("Numbers that are missing", "SELECT coalesce(sum(last - first + 1), 0)::bigint FROM fleet.gaps", 1),
    Panel("Mains lost, by region",
          over_time("time", "count(DISTINCT site)", EVENTS, "region", "type = 'AC_POWER_LOSS'"),
          width=24, about="Sites that lost mains in each interval"),
    Panel("Alerts over many sites",
          "SELECT since, rule, key AS region, state, severity, message FROM fleet.fleet_alerts"
          " WHERE $__timeFilter(since) ORDER BY since DESC LIMIT 200", "table", width=24, height=6),
    Panel("Sites, the most urgent first",
          "SELECT site, region, power, charge, runtime_s, alerts, last_heard FROM fleet.site_status"
          " WHERE region IN ($region)"
          " ORDER BY power = 'battery' DESC NULLS LAST, runtime_s NULLS LAST, alerts DESC, site LIMIT 500",
          "table", width=24, height=10),
    Panel("Events by type", over_time("hour", "sum(total)", "hourly", "type"), about="From whole hours"),
    Panel("How long outages lasted", over_time("time", "max(outage_s)", "outages", "region"), unit="s"),
    Panel("Health of batteries by region",
          "SELECT region, count(*) AS batteries, avg(health) AS mean, min(health) AS worst FROM fleet.battery_health"
          " WHERE region IN ($region) GROUP BY 1 ORDER BY 4", "table"),
    Panel("The most worn batteries",
          "SELECT region, site, device, health, cycles FROM fleet.battery_health WHERE region IN ($region)"
          " ORDER BY health NULLS LAST, site, device LIMIT 100", "table"),
    Panel("Workers", "SELECT topic, partition, owner, next_offset, committed_at, records, repeats, refused"
          " FROM fleet.log_positions ORDER BY topic, partition", "table", width=24),
)  # fmt: skip


def dashboard() -> dict[str, Any]:
    """Return it as Grafana reads it."""
    panels, x, y, tall = [], 0, 0, 0
    for at, panel in enumerate(PANELS, 1):
        if x + panel.width > WIDTH:
            x, y, tall = 0, y + tall, 0
        panels.append(_panel(at, panel, x, y))
        x, tall = x + panel.width, max(tall, panel.height)
    return {
        "uid": UID,
        "title": TITLE,
        "description": "Many sites in one place. Made by tools/grafana; a copy of yours is not overwritten.",
        "tags": ["upskeep"],
        "timezone": "browser",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_regions()]},
        "panels": panels,
    }


def _panel(number_: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"value": None, "color": "green"}]
    if panel.bad is not None:
        steps.append({"value": panel.bad, "color": "red"})
    form = "time_series" if panel.kind == "timeseries" else "table"
    target = {"refId": "A", "datasource": SOURCE, "rawSql": panel.query, "rawQuery": True, "format": form}
    return {
        "id": number_,
        "type": panel.kind,
        "title": panel.title,
        **({"description": panel.about} if panel.about else {}),
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "datasource": SOURCE,
        "targets": [target],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": {},
    }


def _regions() -> dict[str, Any]:
    query = "SELECT DISTINCT region FROM fleet.sites ORDER BY 1"
    return {
        "type": "query",
        "name": "region",
        "label": "Region",
        "datasource": SOURCE,
        "query": query,
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }
