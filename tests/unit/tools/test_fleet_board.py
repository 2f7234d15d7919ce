"""The fleet's dashboard as Grafana wants it; that its queries run is shown in tests/integration/fleet."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.conftest import Require
from tests.unit.tools.test_grafana import UNTYPED, lost
from tools.grafana.fleet_board import PANELS, SOURCE, WIDTH, dashboard

ROOT = Path(__file__).parents[3]
BY_THE_PLUGIN = {f"/panels/targets/{key}" for key in ("rawSql", "rawQuery", "format")}


def test_grafanas_own_library_knows_every_key(require: Require) -> None:
    """Read into its types and written again, nothing is lost but what belongs to the PostgreSQL plugin."""
    plugins = require.module("grafana_foundation_sdk.cog.plugins")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    plugins.register_default_plugins()
    page = dashboard()
    kept = json.loads(json.dumps(Dashboard.from_json(page), cls=JSONEncoder))
    assert {*lost(page, kept)} <= BY_THE_PLUGIN | UNTYPED


def test_every_panel_has_its_place() -> None:
    """None lies over another, none beyond the edge."""
    places = [panel["gridPos"] for panel in dashboard()["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]

    assert len(PANELS) == len(places)
    assert len(cells) == len({*cells})
    assert max(x for x, _ in cells) < WIDTH


def test_the_data_source_that_it_names_is_provisioned() -> None:
    """By its uid and its type."""
    file = ROOT / "grafana" / "fleet" / "provisioning" / "datasources" / "postgresql.yaml"
    (source,) = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    assert SOURCE == {"type": source["type"], "uid": source["uid"]}
