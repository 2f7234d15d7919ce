"""The dashboards as Grafana wants them: held against Grafana's own library, and against the house's rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.quantities import QUANTITIES
from tests.conftest import Require
from tools.grafana.boards import BOARDS
from tools.grafana.render import WIDTH, dashboard

ROOT = Path(__file__).parents[3]
PROVISIONING = ROOT / "grafana" / "provisioning"
PAGES = {board.uid: dashboard(board) for board in BOARDS}
BY_THE_PLUGIN = {
    "query",
    "titleColumn",
    "textColumn",
    "tagsColumn",
    "fromAnnotations",
}  # of an annotation: InfluxDB's own
UNTYPED = {  # what Grafana reads and its library has no type for
    "/templating/list/definition",  # a variable's query once more, as Grafana itself writes it
    "/panels/fieldConfig/defaults/custom/spanNulls",  # public/app/plugins/panel/state-timeline/module.tsx
}
UNIT_OF = {"V": "volt", "A": "amp", "W": "watt", "°C": "celsius", "kPa": "pressurekpa", "ppm": "ppm", "lx": "lux"}

each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def panels(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def lost(given: Any, kept: Any, place: str = "") -> Iterator[str]:
    """What Grafana's library did not know, and so did not keep."""
    if isinstance(given, dict):
        for key, value in given.items():
            if key in kept:
                yield from lost(value, kept[key], f"{place}/{key}")
            else:
                yield f"{place}/{key}"
    elif isinstance(given, list):
        assert len(given) == len(kept), place
        for value, other in zip(given, kept, strict=True):
            yield from lost(value, other, place)
    elif given != kept:
        yield f"{place}: {given!r} became {kept!r}"


@each_page
def test_grafanas_own_library_knows_every_key(page: dict[str, Any], require: Require) -> None:
    """Read into its types and written again, nothing is lost but what belongs to the InfluxDB plugin."""
    plugins = require.module("grafana_foundation_sdk.cog.plugins")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    plugins.register_default_plugins()
    kept = json.loads(json.dumps(Dashboard.from_json(page), cls=JSONEncoder))
    unknown = set(lost(page, kept))
    assert unknown <= {f"/annotations/list/{key}" for key in BY_THE_PLUGIN} | UNTYPED


def test_a_key_that_grafana_does_not_know_is_found() -> None:
    """So that the test above can fail."""
    assert ["/b/c"] == list(lost({"a": 1, "b": [{"c": 2}]}, {"a": 1, "b": [{}]}))


@each_page
def test_every_unit_is_grafanas(page: dict[str, Any], require: Require) -> None:
    """A unit it does not know would be printed behind every number."""
    units = vars(require.module("grafana_foundation_sdk.models.units"))
    used = {panel["fieldConfig"]["defaults"].get("unit") for panel in panels(page)} - {None}
    assert set() == used - {value for value in units.values() if isinstance(value, str)}


@each_page
def test_a_channel_is_shown_in_its_unit(page: dict[str, Any]) -> None:
    """That of the registry."""
    for panel in panels(page):
        for target in panel["targets"]:
            found = re.match(
                r'SELECT (?:mean|last|min|max)\("(\w+?)(?:_mean|_min|_max)?"\) FROM "reading', target["query"]
            )
            quantity = QUANTITIES.get(found[1]) if found else None
            if quantity is not None and quantity.unit in UNIT_OF:
                assert UNIT_OF[quantity.unit] == panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@each_page
def test_panels_do_not_overlap(page: dict[str, Any]) -> None:
    """And stay within the width."""
    places = [panel["gridPos"] for panel in page["panels"]]
    assert all(place["x"] + place["w"] <= WIDTH for place in places)
    for a, b in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert beside or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]


@each_page
def test_everything_has_a_place_of_its_own(page: dict[str, Any]) -> None:
    """Numbers of panels, letters of queries, and the sources are those that are provisioned."""
    numbers = [panel["id"] for panel in page["panels"]]
    assert len(numbers) == len(set(numbers))
    sources = yaml.safe_load((PROVISIONING / "datasources" / "influxdb.yaml").read_text())["datasources"]
    known = {source["uid"] for source in sources}
    for panel in panels(page):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters)) > 0
        assert {target["datasource"]["uid"] for target in panel["targets"]} <= known
    assert len(PAGES) == len({page["title"] for page in PAGES.values()})


@each_page
def test_all_is_influxql_and_stays_within_the_time_and_site_shown(page: dict[str, Any]) -> None:
    """No Flux, and no panel that reads everything there is."""
    for panel in panels(page):
        for target in panel["targets"]:
            assert target["rawQuery"]
            assert target["query"].startswith("SELECT ")
            assert "$timeFilter" in target["query"]
            assert '"site" =~ /^$site$/' in target["query"]


def test_what_is_provisioned_is_influxql_with_a_user_that_may_only_read() -> None:
    """Secrets come from files, and what is read from where is one path for compose and provisioning."""
    sources = yaml.safe_load((PROVISIONING / "datasources" / "influxdb.yaml").read_text())["datasources"]
    assert ["upskeep", "upskeep-readings"] == [source["uid"] for source in sources]
    assert {("influxdb", "proxy", False)} == {
        (source["type"], source["access"], source["editable"]) for source in sources
    }
    assert all(source["secureJsonData"]["password"].startswith("$__file{/run/secrets/") for source in sources)
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "upskeep.yaml").read_text())["providers"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["volumes"]


def test_grafana_is_hardened_and_starts_only_when_asked() -> None:
    """Profile, version, user, port and password."""
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    assert ["grafana"] == grafana["profiles"]
    assert re.fullmatch(r"grafana/grafana:\d+\.\d+\.\d+", grafana["image"])
    assert "472:0" == grafana["user"]
    assert (["ALL"], True) == (grafana["cap_drop"], grafana["read_only"])
    assert all(port.startswith("127.0.0.1:") for port in grafana["ports"])
    assert "/run/secrets/password" == grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"]


def test_the_boards_are_the_four_that_are_promised(require: Require) -> None:
    """Power, climate, events and counters, suite health."""
    assert ["upskeep-power", "upskeep-climate", "upskeep-events", "upskeep-health"] == list(PAGES)
