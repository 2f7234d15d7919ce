"""Whatever is sent to controller and supervisor, neither dies, now or at the next start, and the guards hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from pydantic import ValidationError

from shared.actuation import ActuatorState, Demand, Outgoing
from shared.delivery.decoding import UnreadableError, decode
from shared.delivery.handler import RefusedError
from shared.delivery.retained import decode_value
from shared.messages import DeviceState, Message
from shared.requests import Command
from tests.support.climate_scene import ClimateScene

SOUND: dict[str, dict[str, Any]] = {
    "state": {"device": "air", "quality": "good", "simulated": False, "active": ["x"],
              "values": {"air_temperature": 25.0, "relative_humidity": 60.0}},
    "demand": {"zone": "tent", "levels": [{"actuator": "heater", "level": 1.0, "command": "c", "lease_s": 30.0}]},
    "actuator": {"actuator": "heater", "zone": "tent", "kind": "heater", "since": "2026-01-31T11:00:00Z", "armed": True,
                 "ordered": 1.0, "level": 1.0, "available": True, "power_w": 100.0, "reason": "demanded"},
    "alert": {"rule": "emergency_stop", "key": "tent", "state": "firing", "severity": "critical",
              "since": "2026-01-31T11:00:00Z", "value": 1.0, "threshold": 0.0, "window_s": 0.0, "reason": "stopped",
              "message": "stopped", "labels": {"zone": "tent"}},
}  # fmt: skip
COMMANDS = ("mode", "target", "pause", "resume", "levels", "emergency_stop", "emergency_release", "try", "fuzz")
VALUES: tuple[Any, ...] = (
    None, True, "", "hot", "NaN", -1, 0, 2**62, 1e308, -1e308, 10**400, [], {}, ["tent"], {"vpd": 1}, "tent", "x" * 600,
    {"heater": 1e308}, {"heater": "full"}, {"pump": 1}, {"": 0.5}, "all", "Manual", "Closed_Environment", "\u0000",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
)  # fmt: skip
DATA = {"zone": "tent", "mode": "Manual", "vpd": 1.0, "levels": {}, "actuator": "heater", "level": 1}
ON_THE_WIRE = (
    b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 5000, b'{"level":' * 3000, b'{"level":NaN}', b'{"level":1e999}',
    b'{"level":"on"}', b'{"level":[1]}', b'{"power_w":-1e308,"level":7}', b'{"command":{}}', b'{"error":[1]}',
    b"1" * 70_000,
)  # fmt: skip


@pytest.fixture
def scene() -> Iterator[ClimateScene]:
    """A tent in the mode Manual whose heater is on."""
    with ExitStack() as stack:
        found = ClimateScene(stack)
        found.order("controller", "mode", zone="tent", mode="Manual")
        found.order("controller", "levels", zone="tent", levels={"heater": 1.0})
        found.go(60)
        yield found


def odd(sound: Any) -> Iterator[Any]:
    """Yield it with each value in each of its fields, at any depth."""
    places = sound.items() if isinstance(sound, dict) else enumerate(sound)
    for place, found in list(places):
        below = odd(found) if isinstance(found, dict | list) else iter(())
        for value in (*VALUES, *below):
            changed = sound.copy()
            changed[place] = value
            yield changed


def goes_on(scene: ClimateScene) -> None:
    """Both live, also as new processes; what a person orders is done, and a stop is obeyed."""
    for again in (False, True):
        if again:
            scene.start_controller()
            scene.start_supervisor()
        with suppress(RefusedError):
            scene.order("supervisor", "emergency_release", zone="tent", reason="go on")
        with suppress(RefusedError):
            scene.order("supervisor", "emergency_release", zone="all", reason="go on")
        for key in ("tent", "all"):
            ended = SOUND["alert"] | {"key": key, "labels": {"zone": key}, "state": "resolved"}
            payload = json.dumps(ended | {"time": scene.clock.wall().isoformat()}).encode()
            followed(scene, decode_value("alert", payload), retained=False)
        with suppress(RefusedError):
            scene.order("controller", "resume", zone="tent")
        scene.order("controller", "mode", zone="tent", mode="Manual")
        scene.order("controller", "levels", zone="tent", levels={"heater": 1.0, "fan": 0.5})
        scene.go(600)  # what was set aside is believed again, and a failure is over
        assert {"heater": 1.0, "fan": 0.5} == scene.levels
        scene.order("supervisor", "emergency_stop", zone="tent")
        scene.go(5)
        assert {"heater": 0.0, "fan": 0.3} == scene.levels


def followed(scene: ClimateScene, message: Message, *, retained: bool) -> None:
    """Give a message to whoever follows its kind."""
    if not isinstance(message, Demand):
        scene.controller.follow(message, retained=retained)
    if not isinstance(message, ActuatorState):
        scene.supervisor.follow(message, retained=retained)


@pytest.mark.parametrize("kind", SOUND)
def test_any_value_in_any_field_of_what_is_followed_kills_nobody(scene: ClimateScene, kind: str) -> None:
    """Most cannot be read, and go to the dead letters before a service sees them; the rest is well formed, and odd."""
    read = 0
    for retained in (False, True):
        for payload in odd(SOUND[kind] | {"time": scene.clock.wall().isoformat()}):
            with suppress(UnreadableError):
                followed(scene, decode_value(kind, json.dumps(payload).encode()), retained=retained)
                read += 1
            scene.go(read % 40 == 0)
    assert read > 20
    goes_on(scene)


@pytest.mark.parametrize("value", [2.0**63, -(2.0**63), 2**62 + 1, "hot", True, None, 2**62, -0.0])
def test_any_value_of_a_reading_is_borne(scene: ClimateScene, value: Any) -> None:
    """A number beyond all bounds switches off what needs it, and what is no number is no reading."""
    for _ in range(20):
        fields = {"device": "air", "time": scene.clock.wall(), "quality": "good"}
        with suppress(ValidationError, UnreadableError):
            payload = json.dumps({**fields, "time": fields["time"].isoformat(), "values": {
                "air_temperature": value, "relative_humidity": value}}).encode()  # fmt: skip
            followed(scene, decode_value("state", payload), retained=False)
        scene.go(1)
    goes_on(scene)


def test_commands_and_questions_of_any_shape_are_refused_or_done(scene: ClimateScene) -> None:
    """Every name with every value in every field; what is wrong with it is said, and nothing else happens."""
    refused = 0
    for target, service in (("climate_controller", scene.controller), ("climate_supervisor", scene.supervisor)):
        for name in COMMANDS:
            for field in ("zone", "mode", "vpd", "for_s", "levels", "reason", "actuator", "level"):
                for value in VALUES:
                    data = {
                        "zone": "tent",
                        "mode": "Manual",
                        "vpd": 1.0,
                        "levels": {},
                        "actuator": "heater",
                        "level": 1,
                    }
                    payload = json.dumps({"id": "c", "target": target, "name": name, "data": {**data, field: value}})
                    try:
                        service.execute(decode(Command, payload.encode()))
                    except (RefusedError, ValidationError, UnreadableError):
                        refused += 1
        for name in ("climate", "actuators", "fuzz"):
            with suppress(RefusedError):
                json.dumps(service.answer(name, {"zone": "tent"}))
        scene.go(1)
    assert refused > 1000
    goes_on(scene)


def test_bytes_on_the_actuators_topics_kill_nobody(scene: ClimateScene) -> None:
    """An actuator is a device of somebody's, and speaks as it likes."""
    for name in ("heater", "fan"):
        for word in ("state", "ack", "online", "set", "get", "x"):
            for payload in ON_THE_WIRE:
                scene.wire.answers.append(Outgoing(f"sim/{name}/{word}", payload))
                scene.wire.ordered.append(Outgoing(f"sim/{name}/{word}", payload))
        scene.go(1)
    goes_on(scene)


def test_a_demand_for_what_is_not_there_is_refused_and_the_rest_of_it_holds(scene: ClimateScene) -> None:
    """With who was meant; a zone cannot demand of another one's actuators."""
    levels = [{"actuator": name, "level": 1.0, "command": "c1", "lease_s": 30} for name in ("pump", "fan")]
    payload = json.dumps({"zone": "tent", "time": scene.clock.wall().isoformat(), "levels": levels}).encode()
    followed(scene, decode_value("demand", payload), retained=False)
    foreign = payload.replace(b'"tent"', b'"cellar"')
    followed(scene, decode_value("demand", foreign), retained=False)
    rejected = scene.outlets["supervisor"].rejected
    assert 3 == len(rejected)
    assert "pump is no actuator of the zone tent" in rejected[0]
    assert "fan is no actuator of the zone cellar" in rejected[2]


def test_devices_that_no_zone_names_are_not_remembered(scene: ClimateScene) -> None:
    """Whoever publishes states of a million devices fills no memory."""
    for number in range(1000):
        fields = {"device": f"d{number}", "time": scene.clock.wall(), "quality": "good"}
        followed(scene, DeviceState.model_validate(fields), retained=False)
    assert {"air"} == set(scene.controller.device_states)
