"""What `run --nut-port` sets for the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from upskeep.runner.run import RunOptions, _nut_door

PORT = {"UPSKEEP_GATEWAY__NUT__PORT": "3493"}
SHOWN = PORT | {"UPSKEEP_GATEWAY__NUT__SIMULATED": "true"}


@pytest.mark.parametrize(("source", "port", "expected"), [
    ("auto", None, {}),
    ("sim:outage", None, {}),
    ("sim", 3493, SHOWN),
    ("sim:outage", 3493, SHOWN),
    ("recording:a.csv", 3493, SHOWN),
    ("i2c", 3493, PORT),
    ("auto", 3493, PORT),
    ("auto", 0, {"UPSKEEP_GATEWAY__NUT__PORT": "0"}),
])  # fmt: skip
def test_a_simulation_is_shown_only_to_who_names_it(source: str, port: int | None, expected: dict[str, str]) -> None:
    """With `auto` the suite may fall back to the simulator by itself: no host may go down by that."""
    assert expected == _nut_door(RunOptions(Path("config"), source, "1", False, "auto", 1883, port))
