"""Dashboards as the JSON that Grafana reads from ``grafana/dashboards``; panels flow from left to right, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from tools.grafana import fleet_board, prometheus_board
from tools.grafana.boards import BOARDS
from tools.grafana.model import Board, Kind, Mark, Panel, Query, Row, Source, select

FOLDER = "grafana/dashboards"
WIDTH = 24
GAP_MS = 300_000  # a line or state goes on over less than that without a value, and no longer
SCHEMA = 39  # Grafana 11's; later ones migrate it by themselves
Json = dict[str, Any]


def documents() -> dict[str, str]:
    """Return every dashboard by its path."""
    pages = {f"{FOLDER}/{board.uid}.json": dashboard(board) for board in BOARDS}
    pages[prometheus_board.PATH] = prometheus_board.dashboard()
    pages[fleet_board.PATH] = fleet_board.dashboard()
    return {path: json.dumps(page, indent=2, ensure_ascii=False) + "\n" for path, page in pages.items()}


def dashboard(board: Board) -> Json:
    """Return one board."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": f"{board.about}. Made by tools/grafana; a copy of yours is not overwritten.",
        "tags": ["upskeep"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": board.span, "to": "now"},
        "timezone": "browser",
        "links": [_links()],
        "annotations": {"list": [_mark(mark) for mark in board.marks]},
        "templating": {"list": [_variable(name) for name in ("site", "device")[: 1 + board.by_device]]},
        "panels": list(_panels(board.rows)),
    }


def _panels(rows: Sequence[Row]) -> Iterator[Json]:
    numbers = count(1)
    top = 0
    for row in rows:
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        yield {
            "id": next(numbers),
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        left, top, height = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > WIDTH:
                left, top, height = 0, top + height, 0
            yield _panel(panel, next(numbers), {"x": left, "y": top, "w": panel.width, "h": panel.height})
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _panel(panel: Panel, number: int, place: Json) -> Json:
    targets = [_target(query, ref, panel) for ref, query in zip("ABCDEF", panel.queries, strict=False)]
    return {
        "id": number,
        "type": panel.kind.value,
        "title": panel.title,
        **({"description": panel.about} if panel.about else {}),
        "gridPos": place,
        "datasource": _source(panel.queries[0].source),
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }


def _target(query: Query, ref: str, panel: Panel) -> Json:
    table = panel.kind is Kind.TABLE
    return {
        "refId": ref,
        "datasource": _source(query.source),
        "query": query.text,
        "rawQuery": True,
        "resultFormat": "table" if table else "time_series",
        **({"alias": query.alias} if query.alias and not table else {}),
    }


def _defaults(panel: Panel) -> Json:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps]
    defaults: Json = {"thresholds": {"mode": "absolute", "steps": steps}, "mappings": _mappings(panel)}
    if panel.unit:
        defaults["unit"] = panel.unit
    if panel.kind is Kind.LINES:
        drawn = {"drawStyle": "bars", "fillOpacity": 60} if panel.stacked else {"drawStyle": "line", "fillOpacity": 8}
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        line = {"lineWidth": 1, "showPoints": "auto", "spanNulls": GAP_MS, "stacking": stacking}
        defaults["custom"] = {**drawn, **line}
        defaults["color"] = {"mode": "palette-classic"}
    elif panel.kind is Kind.STATES:
        defaults["custom"] = {"fillOpacity": 70, "lineWidth": 0, "spanNulls": GAP_MS}
    elif panel.kind in (Kind.NOW, Kind.BARS):
        defaults["color"] = {"mode": "thresholds"}
    return defaults


def _mappings(panel: Panel) -> list[Json]:
    options = {
        value: {"text": text, "color": colour, "index": index}
        for index, (value, text, colour) in enumerate(panel.names)
    }
    return [{"type": "value", "options": options}] if options else []


def _source(source: Source) -> Json:
    return {"type": "influxdb", "uid": source.value}


def _variable(name: str) -> Json:
    text = f'SHOW TAG VALUES FROM "reading_1h" WITH KEY = "{name}"'
    return {
        "type": "query",
        "name": name,
        "label": name.capitalize(),
        "datasource": _source(Source.MAIN),
        "query": text,
        "definition": text,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _mark(mark: Mark) -> Json:
    return {
        "name": mark.name,
        "enable": True,
        "iconColor": mark.colour,
        "datasource": _source(Source.MAIN),
        "query": select('"type", "device", "severity", "id"', "event", f'"type" =~ /^({mark.types})$/').text,
        "titleColumn": "type",
        "textColumn": "device",
        "tagsColumn": "severity",
        "fromAnnotations": True,
    }


def _links() -> Json:
    return {"type": "dashboards", "title": "Upskeep", "tags": ["upskeep"], "asDropdown": False, "includeVars": True,
            "keepTime": True, "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}  # fmt: skip


_REDUCED: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_OPTIONS: dict[Kind, Json] = {
    Kind.LINES: {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    Kind.NOW: {"reduceOptions": _REDUCED | {"fields": "/.*/"}, "colorMode": "value", "graphMode": "none",
               "justifyMode": "auto", "orientation": "auto", "textMode": "auto"},
    Kind.BARS: {"reduceOptions": _REDUCED, "displayMode": "basic", "orientation": "horizontal",
                "minVizHeight": 12, "minVizWidth": 0, "showUnfilled": True, "valueMode": "color"},
    Kind.STATES: {"mergeValues": True, "showValue": "auto", "rowHeight": 0.8, "alignValue": "left",
                  "legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}},
    Kind.TABLE: {"showHeader": True, "cellHeight": "sm",
                 "footer": {"show": False, "reducer": ["sum"], "countRows": False}},
}  # fmt: skip
