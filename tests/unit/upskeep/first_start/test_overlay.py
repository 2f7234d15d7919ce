"""A first configuration as a layer: only what differs is written, and it comes to what was planned."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shared.settings import read_settings
from shared.shipped import SHIPPED_CONFIG
from shared.suite import SuiteSettings
from upskeep.first_start.overlay import differing, overlays, rewritten
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


COMMENTED = """\
# The garage.
site: garage   # not the cellar

# Ours:
devices:
  # the old one
  - {name: ups}
# The end of devices, and of the file.
defaults: shipped"""


def test_a_file_that_is_written_anew_keeps_its_comments() -> None:
    """But for those inside of what changes; new keys come last."""
    laid = {"site": "garage", "devices": [{"name": "ups", "bus": 3}], "defaults": "shipped", "root": "mine"}
    expected = COMMENTED.replace("  # the old one\n  - {name: ups}\n", "- name: ups\n  bus: 3\n") + "\nroot: mine\n"
    assert expected == rewritten(COMMENTED, laid)


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "{site: garage}", "site: a\nsite: b\n", "1: x\nsite: y\n", "---\nsite: y\n...\n"]
)
def test_whatever_a_file_looks_like_it_comes_to_what_is_wanted(text: str) -> None:
    """Where lines cannot be exchanged, the whole file is written."""
    laid = {"site": "shed", 1: "x", "root": "mine"}
    assert laid == yaml.safe_load(rewritten(text, laid))
