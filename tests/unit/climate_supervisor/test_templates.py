"""The shipped templates say and hear what the makers' documentation says; a template that cannot work is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.climate_supervisor.core.templates import EMPTY_REPORT, Report, Template
from tests.support.climate_room import TEMPLATES, bind

AT: dict[str, dict[str, str]] = {
    "tasmota": {"topic": "plug"},
    "tasmota_dimmer": {"topic": "lamp"},
    "shelly": {"prefix": "shelly1"},
    "shelly_light": {"prefix": "shelly1"},
    "zigbee2mqtt": {"friendly_name": "plug"},
    "zigbee2mqtt_dimmer": {"friendly_name": "lamp"},
    "esphome_switch": {"prefix": "tent", "id": "pump"},
    "esphome_fan": {"prefix": "tent", "id": "fan"},
    "homeassistant_switch": {"base": "tent/plug"},
    "homeassistant_number": {"base": "tent/valve"},
    "homeassistant_fan": {"base": "tent/fan"},
    "simulated": {},
}
STEPS = {"tasmota_dimmer": 100, "shelly_light": 100, "zigbee2mqtt_dimmer": 100, "homeassistant_number": 100} | {
    "esphome_fan": 10,
    "homeassistant_fan": 10,
}

# template → what is sent for 40 % (or on), and for off; the lease is 60 s, the order's id c7
SENT: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "tasmota": ([("cmnd/plug/Backlog0", "PulseTime1 160; POWER ON")], [("cmnd/plug/POWER", "OFF")]),
    "tasmota_dimmer": ([("cmnd/lamp/Backlog0", "PulseTime1 160; Dimmer 40")], [("cmnd/lamp/POWER", "OFF")]),
    "shelly": (
        [("shelly1/rpc", ('{"id":"c7","src":"upskeep-actuators/it","method":"Switch.Set",'
                         '"params":{"id":0,"on":true,"toggle_after":60}}'))],
        [("shelly1/rpc", ('{"id":"c7","src":"upskeep-actuators/it","method":"Switch.Set",'
                         '"params":{"id":0,"on":false}}'))],
    ),
    "shelly_light": (
        [("shelly1/rpc", ('{"id":"c7","src":"upskeep-actuators/it","method":"Light.Set",'
                         '"params":{"id":0,"on":true,"brightness":40,"toggle_after":60}}'))],
        [("shelly1/rpc", ('{"id":"c7","src":"upskeep-actuators/it","method":"Light.Set",'
                         '"params":{"id":0,"on":false}}'))],
    ),
    "zigbee2mqtt": (
        [("zigbee2mqtt/plug/set", '{"state":"ON","on_time":60,"off_wait_time":0}')],
        [("zigbee2mqtt/plug/set", '{"state":"OFF"}')],
    ),
    "zigbee2mqtt_dimmer": (
        [("zigbee2mqtt/lamp/set", '{"state":"ON","brightness":102,"on_time":60,"off_wait_time":0}')],
        [("zigbee2mqtt/lamp/set", '{"state":"OFF"}')],
    ),
    "esphome_switch": ([("tent/switch/pump/command", "ON")], [("tent/switch/pump/command", "OFF")]),
    "esphome_fan": (
        [("tent/fan/fan/speed_level/command", "4"), ("tent/fan/fan/command", "ON")],
        [("tent/fan/fan/command", "OFF")],
    ),
    "homeassistant_switch": ([("tent/plug/set", "ON")], [("tent/plug/set", "OFF")]),
    "homeassistant_number": ([("tent/valve/set", "40")], [("tent/valve/set", "0")]),
    "homeassistant_fan": (
        [("tent/fan/speed/percentage", "40"), ("tent/fan/on/set", "ON")], [("tent/fan/on/set", "OFF")],
    ),
    "simulated": (
        [("sim/it/set", '{"level":1,"command":"c7","lease_s":60,"safe":0}')],
        [("sim/it/set", '{"level":0,"command":"c7","lease_s":60,"safe":0}')],
    ),
}  # fmt: skip

HEARD: list[tuple[str, str, str, Report]] = [
    ("tasmota", "stat/plug/POWER", "ON", Report(on=True)),
    ("tasmota", "tele/plug/STATE", '{"Time":"2026-11-28T12:00:00","POWER":"OFF"}', Report(on=False)),
    ("tasmota", "stat/plug/RESULT", '{"POWER":"ON"}', Report(acknowledged=True)),
    ("tasmota", "stat/plug/RESULT", '{"PulseTime1":{"Set":160,"Remaining":0}}', EMPTY_REPORT),
    ("tasmota", "tele/plug/LWT", "Offline", Report(available=False)),
    ("tasmota", "tele/plug/SENSOR", '{"ENERGY":{"Power":101}}', Report(power_w=101.0)),
    ("tasmota_dimmer", "stat/lamp/RESULT", '{"POWER":"ON","Dimmer":40}', Report(True, 0.4, acknowledged=True)),
    ("shelly", "shelly1/status/switch:0", '{"id":0,"output":true,"apower":8.9}', Report(on=True, power_w=8.9)),
    ("shelly", "upskeep-actuators/it/rpc", '{"id":"c7","src":"shelly1","result":{"was_on":false}}',
     Report(acknowledged=True, command="c7")),
    ("shelly", "upskeep-actuators/it/rpc", '{"id":"c7","error":{"code":-105,"message":"no such id"}}',
     Report(command="c7", refusal="no such id")),
    ("shelly", "shelly1/online", "false", Report(available=False)),
    ("shelly_light", "shelly1/status/light:0", '{"id":0,"output":false,"brightness":40}', Report(False, 0.4)),
    ("zigbee2mqtt", "zigbee2mqtt/plug", '{"state":"ON","power":12.5,"linkquality":90}', Report(on=True, power_w=12.5)),
    ("zigbee2mqtt", "zigbee2mqtt/plug/availability", '{"state":"offline"}', Report(available=False)),
    ("zigbee2mqtt_dimmer", "zigbee2mqtt/lamp", '{"state":"ON","brightness":254}', Report(True, 1.0)),
    ("esphome_switch", "tent/switch/pump/state", "OFF", Report(on=False)),
    ("esphome_switch", "tent/status", "online", Report(available=True)),
    ("esphome_fan", "tent/fan/fan/speed_level/state", "4", Report(level=0.4)),
    ("homeassistant_switch", "tent/plug/state", "ON", Report(on=True)),
    ("homeassistant_number", "tent/valve/state", "40.0", Report(level=0.4)),
    ("homeassistant_fan", "tent/fan/speed/percentage_state", "40", Report(level=0.4)),
    ("homeassistant_fan", "tent/fan/availability", "offline", Report(available=False)),
    ("simulated", "sim/it/state", '{"level":0.5,"power_w":50}', Report(level=0.5, power_w=50.0)),
    ("simulated", "sim/it/ack", '{"command":"c7"}', Report(acknowledged=True, command="c7")),
]  # fmt: skip


def bound(template: str, **more: Any) -> Any:
    """An actuator called ``it`` with this template."""
    return bind("it", template, at=AT[template], steps=STEPS.get(template, 1), **more)


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_sent(template: str) -> None:
    """Every shipped template stands in the tables of this file."""
    binding = bound(template)
    on = binding.order(0.4 if binding.actuator.steps > 1 else 1.0, "c7")
    off = binding.order(0.0, "c7")
    assert SENT[template] == tuple([(said.topic, said.payload.decode()) for said in says] for says in (on, off))
    assert ((), ()) == (binding.missing, binding.superfluous)


@pytest.mark.parametrize(("template", "topic", "payload", "report"), HEARD)
def test_what_is_heard(template: str, topic: str, payload: str, report: Report) -> None:
    """And the topic is one that is listened to."""
    binding = bound(template)
    assert topic in binding.topics
    assert report == binding.read(topic, payload.encode())


def test_every_template_hears_a_state_and_whether_the_actuator_is_there() -> None:
    """Without a state nothing could be confirmed."""
    assert {name for name, _, _, report in HEARD if report.on is not None or report.level is not None} == set(TEMPLATES)
    assert all(template.state and template.availability for template in TEMPLATES.values())


def test_a_template_without_a_lease_says_what_to_set_up() -> None:
    """Or the actuator stays on when the broker dies."""
    unleased = {name for name, template in TEMPLATES.items() if template.lease == "none"}
    assert {
        "esphome_switch",
        "esphome_fan",
        "homeassistant_switch",
        "homeassistant_number",
        "homeassistant_fan",
    } == unleased
    assert all(TEMPLATES[name].setup for name in unleased)


@given(st.binary(max_size=200), st.sampled_from(sorted(TEMPLATES)))
def test_no_answer_breaks_the_reader(payload: bytes, template: str) -> None:
    """What cannot be read says nothing of the state."""
    binding = bound(template)
    for topic in binding.topics:
        report = binding.read(topic, payload)
        assert report.level is None or 0 <= report.level <= 1


@pytest.mark.parametrize(
    "payload",
    ["NaN", "Infinity", "1e999", "[" * 3000, '{"level":{"a":1}}', "9" * 5000, '{"level":null}', "x" * 70_000],
)
def test_an_absurd_answer_says_nothing(payload: str) -> None:
    """Neither of a level nor of power."""
    assert EMPTY_REPORT == bound("simulated").read("sim/it/state", payload.encode())
    assert EMPTY_REPORT == bound("homeassistant_number").read(
        "tent/valve/state", payload.replace("9999", "nan").encode()
    )


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ({"turn_off": {"topic": "a", "payload": ""}}, "neither turn_on nor set_level"),
        ({"turn_on": {"topic": "a/#", "payload": ""}}, "without + and #"),
        ({"turn_on": {"topic": "a/{command}", "payload": ""}}, "only a payload may hold"),
        ({"turn_on": {"topic": "", "payload": ""}}, "must be one topic"),
    ],
)
def test_a_template_that_cannot_work_is_refused(template: dict[str, Any], why: str) -> None:
    """With what is wrong."""
    with pytest.raises(ValidationError, match=why.replace("+", r"\+")):
        Template.model_validate({"title": "t", "turn_off": {"topic": "a", "payload": ""}} | template)


def test_an_unfilled_place_is_named() -> None:
    """And one too many."""
    binding = bind("it", "tasmota", at={"prefix": "plug"})
    assert (("topic",), ("prefix",)) == (binding.missing, binding.superfluous)
