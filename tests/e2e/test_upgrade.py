"""An upgrade in place of a live suite: the last release, then this code, over one broker and one data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.verdict import oracle
from tests.support.live_suite import CONFIG
from tests.upgrade import versions
from tests.upgrade.journey import outages_in, travel

FRAMES = 800


@pytest.mark.mosquitto
def test_an_upgrade_of_the_running_suite_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Frames, outages and offers go on while it restarts; `make upgrade` does it with wheels and goes back again."""
    ref = versions.before()
    if not ref:
        pytest.skip("the history of this checkout has no release before it")
    old = versions.uninstalled(versions.unpacked(ref, tmp_path / "code"))

    found = travel(tmp_path, old, lambda: versions.HERE, FRAMES)

    assert [] == found.differences
    assert 0 < found.events_before < found.events
    oracle(tmp_path / "load.csv", CONFIG, expected := tmp_path / "expected.jsonl")
    assert outages_in(expected) == found.outages
