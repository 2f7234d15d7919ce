"""The dashboard over /metrics asks for what the gateway publishes, in queries that Prometheus takes."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path

import yaml

from services.gateway.core.metrics.channels import metric_of
from shared.quantities import QUANTITIES
from tests.conftest import Require
from tests.unit.gateway.test_metrics import everything, page_of
from tools.grafana.prometheus_board import PANELS, WIDTH, dashboard


def test_every_query_is_of_metrics_that_there_are() -> None:
    """By the page that the gateway serves of everything it may know."""
    served = set(re.findall(r"^(upskeep_\w+?)(?:\{| )", page_of(everything()), re.MULTILINE))
    served |= {metric_of(channel)[0] for channel in QUANTITIES}
    asked = {name for panel in PANELS for name in re.findall(r"upskeep_\w+", panel.query)}

    assert set() == asked - served


def test_promtool_takes_every_query(require: Require, tmp_path: Path) -> None:
    """As rules that record them."""
    rules = [{"record": f"panel:{number}", "expr": panel.query} for number, panel in enumerate(PANELS)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    call = [require.program("promtool"), "check", "rules", file]
    done = subprocess.run(call, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)


def test_panels_lie_side_by_side() -> None:
    """None over another, none beyond the edge; and it is JSON."""
    page = json.loads(json.dumps(dashboard()))
    places = [panel["gridPos"] for panel in page["panels"]]
    over = [(a, b) for a, b in combinations(places, 2) if _meet(a, b, "x", "w") and _meet(a, b, "y", "h")]

    assert [] == over
    assert WIDTH >= max(place["x"] + place["w"] for place in places)


def _meet(one: dict[str, int], other: dict[str, int], start: str, length: str) -> bool:
    return one[start] < other[start] + other[length] and other[start] < one[start] + one[length]
