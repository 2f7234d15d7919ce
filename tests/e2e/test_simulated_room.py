"""``upskeep run --source sim:tent``: the loop over MQTT, from a sensor that shows a room to what moves its air."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.brokers import MOSQUITTO
from tests.support.live_suite import CONFIG, Live, upskeep
from upskeep.runner.simulated_room import room_settings

ACTUATORS = "UPSKEEP_ACTUATORS__ACTUATORS"


def without_a_rest() -> dict[str, str]:
    """The settings of the room, with a fan that may start at once."""
    laid = room_settings("sim:tent", CONFIG, {})
    actuators = json.loads(laid[ACTUATORS])
    actuators["fan"]["min_off_s"] = 0
    return laid | {ACTUATORS: json.dumps(actuators)}


def test_a_simulated_tent_is_observed_until_somebody_lets_it_be_controlled(tmp_path: Path) -> None:
    """Nothing is switched in Observe; what a person orders moves the simulated fan, which says so."""
    run = Live(tmp_path, "--source", "sim:tent", broker=MOSQUITTO, environ=without_a_rest())
    where = ("--broker", f"mqtt://127.0.0.1:{run.port}")

    def tent() -> Any:
        shown = upskeep("climate", "now", "--json", *where)
        return json.loads(shown.stdout)["tent"] if shown.returncode == 0 else None

    def fan() -> str:
        return upskeep("actuators", *where).stdout

    try:
        run.until(lambda: (found := tent()) and found["vpd"] is not None, "the law sees the room")
        assert ("Observe", 1.0) == (tent()["mode"], tent()["target"])
        assert "ordered 0%" in fan()

        assert upskeep("climate", "mode", "tent", "Manual", *where).returncode == 0
        assert upskeep("climate", "levels", "tent", "fan=100", *where).returncode == 0
        run.until(lambda: "ordered 100%, is 100%" in fan(), "the fan runs")
    finally:
        assert run.stop() == 0
