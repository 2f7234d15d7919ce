"""``sim:tent`` at a Mosquitto with the repo's own ACL: each service has its own user, and the loop closes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.client.client import Client, ClientError
from shared.suite import SuiteSettings
from tests.conftest import Require
from tests.crash.fleet import Fleet
from tests.hostile.rights import guarded_broker, login
from tests.support.waiting import until
from upskeep.runner.simulated_room import room_settings

CONFIG = Path(__file__).parents[3] / "config"
SERVICES = ("sensor_reader", "event_processor", "climate_controller", "climate_supervisor")
ACTUATORS = "UPSKEEP_ACTUATORS__ACTUATORS"


def test_a_simulated_room_is_controlled_at_a_broker_with_rights(tmp_path: Path, require: Require) -> None:
    """The law sees the room, a person sets a level, and the simulated fan confirms it."""
    require.program("mosquitto_passwd")
    broker = guarded_broker(tmp_path / "broker", (*SERVICES, "operator"))
    laid = room_settings("sim:tent", CONFIG, {})
    actuators = json.loads(laid[ACTUATORS])
    actuators["fan"]["min_off_s"] = 0
    environ = laid | {
        ACTUATORS: json.dumps(actuators),
        "UPSKEEP_CONFIG": str(CONFIG),
        "UPSKEEP_SUITE__BROKER__URL": broker.settings.url,
        "UPSKEEP_SUITE__DATA": str(tmp_path / "data"),
        "UPSKEEP_SOURCE": "sim:tent",
    }
    fleet = Fleet(broker, environ, tmp_path / "log", secrets=tmp_path / "broker", names=SERVICES)
    settings = SuiteSettings(broker=login(tmp_path / "broker", "operator", broker.settings.url))
    try:
        fleet.start()
        with Client(settings) as client:

            def asked(service: str, name: str) -> Any:
                try:
                    return client.ask(service, name, timeout_s=2.0)
                except ClientError:
                    return {}

            def seen() -> Any:
                return asked("climate_controller", "climate").get("zones", {}).get("tent", {}).get("vpd")

            def fan() -> Any:
                states = asked("climate_supervisor", "actuators").get("actuators", [])
                return [state.get("level") for state in states]

            until(lambda: seen() is not None, "the law sees the room")
            client.order("climate_controller", "mode", {"zone": "tent", "mode": "Manual"}, "anna")
            client.order("climate_controller", "levels", {"zone": "tent", "levels": {"fan": 1.0}}, "anna")
            until(lambda: fan() == [1.0], "the fan runs")
    finally:
        fleet.stop()
