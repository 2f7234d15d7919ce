"""A first configuration as a layer: only what differs is written, and it comes to what was planned."""

from __future__ import annotations

from pathlib import Path

import yaml

from shared.settings import read_settings
from shared.shipped import SHIPPED_CONFIG
from shared.suite import SuiteSettings
from upskeep.first_start.overlay import differing, overlays
from upskeep.first_start.plan import BoardChoice, Choices, planned
from upskeep.first_start.write import texts_of, try_out, write


def test_only_what_differs_is_written_and_once(tmp_path: Path) -> None:
    """A second time there is nothing to change; what a person added meanwhile stays."""
    folder, shipped = tmp_path / "etc", texts_of(SHIPPED_CONFIG)
    plan = planned(shipped, Choices(BoardChoice("waveshare_ups_hat_b"), site="cabin", capacity_mah=3000))

    texts = overlays(folder, shipped, plan)
    try_out(folder, texts, {})
    write(folder, folder, texts)

    assert {"defaults": "shipped", "site": "cabin"} == yaml.safe_load((folder / "suite.yaml").read_text())
    assert {"source", "devices"} == {*yaml.safe_load((folder / "sensor_reader.yaml").read_text())}
    assert {} == overlays(folder, shipped, plan)
    (folder / "suite.yaml").write_text("defaults: shipped\nroot: mine\n")
    write(folder, folder, overlays(folder, shipped, plan))
    suite = read_settings(folder, "suite", SuiteSettings, {})
    assert ("mine", "cabin") == (suite.root, suite.site)


def test_a_difference_is_the_least_that_must_be_laid_over() -> None:
    """Below mappings by key; a list whole."""
    before = {"a": {"b": 1, "c": 2}, "d": [1], "e": 5}
    assert {"a": {"c": 3}, "d": [1, 2]} == differing(before, {"a": {"b": 1, "c": 3}, "d": [1, 2], "e": 5})
