"""Discovery for Home Assistant: each configuration is one it takes, and each template gives what is meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.alerter.application.commands import AckCommand, SilenceCommand
from services.alerter.core.matchers import all_hold, parse_matcher
from services.gateway.core.homeassistant.channels import FLAGS, PASSED_OVER, TEXTS
from services.gateway.core.homeassistant.configs import Json, Options, configurations
from services.gateway.core.homeassistant.known import (
    MOST_ALERTS,
    MOST_CHANNELS,
    MOST_COUNTERS,
    MOST_DEVICES,
    MOST_SERVICES,
    Known,
)
from shared.health import Grade, Health
from shared.messages import Alert, Counter, DeviceState, Message, Status
from shared.quantities import FACTS, QUANTITIES
from shared.requests import Command
from shared.topics import Topics
from tests.support.homeassistant.fields import faults_of
from tests.support.homeassistant.templates import render

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOPICS = Topics()
OPTIONS = Options(TOPICS, "9.9")
ROOT = "upskeep/v1/home"
UPS, SUITE = "homeassistant/device/upskeep_home_ups/config", "homeassistant/device/upskeep_home/config"


def state(device: str = "ups", **fields: Any) -> DeviceState:
    """Return a state."""
    return DeviceState(device=device, time=START, **({"quality": "good"} | fields))


def alert(rule: str = "on_battery", key: str = "ups", **fields: Any) -> Alert:
    """Return a firing alert."""
    labels = {"rule": rule, "device": "ups"}
    base: dict[str, Any] = {"state": "firing", "severity": "error", "value": 1, "threshold": 0, "window_s": 0}
    said = {"reason": "r", "message": "m", "labels": labels, "since": START, "time": START}
    return Alert(rule=rule, key=key, **(base | said | fields))


def counter(event_type: str) -> Counter:
    """Return a counter."""
    return Counter(type=event_type, total=7, last_hour=1, last_day=2, last_time=START, as_of=START)


HEALTH = Health(site="home", score=91, grade=Grade.GOOD, factors=(), as_of=START)
EVERYTHING = (
    state(power="mains", battery="ok", charging=True, zone="attic", values=dict.fromkeys(QUANTITIES, 1.0)),
    state(values=dict.fromkeys(FACTS, True)),
    state("room", values={"air_temperature": 21.5, "own_channel": 3, "self_test": "passed"}),
    counter("AC_POWER_LOSS"),
    counter("system.stream.gap"),
    alert(),
    alert("service_offline", "alerter", labels={"rule": "service_offline", "service": "alerter"}),
    Status(service="event_processor", state="online"),
    HEALTH,
)


def known(*messages: Message) -> Known:
    """Return what is known after some messages."""
    found = Known()
    for message in messages:
        kind, parts = TOPICS.parse(message.topic(TOPICS))
        found = found.after(kind, parts, message)
    return found


def component(key: str, *messages: Message, topic: str = UPS) -> Json:
    """Return one component after some messages."""
    return dict(configurations(known(*messages), OPTIONS)[topic]["components"][key])


def payload(message: Message) -> bytes:
    """Return a message as services publish it."""
    return message.model_dump_json(exclude_none=True).encode()


def test_home_assistant_takes_every_configuration() -> None:
    """Every channel of the registry, a counter, alerts, services and the health: no field or class it would refuse."""
    found = configurations(known(*EVERYTHING), OPTIONS)

    assert {UPS, SUITE, "homeassistant/device/upskeep_home_room/config"} == set(found)
    assert {topic: [] for topic in found} == {topic: faults_of(config) for topic, config in found.items()}


def test_an_emptied_topic_is_no_error() -> None:
    """A device or an alert that goes leaves its topic empty: every template takes that, and nothing is available."""
    climate = Status(service="climate_controller", state="online", figures={"tent.mode": "Observe"})
    found = configurations(known(*EVERYTHING, climate), OPTIONS)
    parts = [part for config in found.values() for part in (config, *config["components"].values())]
    rows = [*parts, *(row for part in parts for row in part.get("availability", ()))]
    said = {render(row["value_template"]) for row in rows if "value_template" in row}
    attributes = [render(part["json_attributes_template"]) for part in parts if "json_attributes_topic" in part]

    assert {"None", "OFF", "offline"} == said
    assert all(isinstance(json.loads(each), dict) for each in attributes)


def test_a_device_is_described() -> None:
    """With its zone as the area, below the suite, and read from its own retained topic."""
    config = configurations(known(state(zone="attic")), OPTIONS)[UPS]

    assert {
        "identifiers": ["upskeep_home_ups"],
        "name": "ups",
        "manufacturer": "Upskeep",
        "suggested_area": "attic",
        "via_device": "upskeep_home",
    } == config["device"]
    assert (f"{ROOT}/state/ups", {"name": "Upskeep home", "sw_version": "9.9"}) == (
        config["state_topic"],
        config["origin"],
    )


def test_what_the_reader_says_of_itself_is_no_device() -> None:
    """Home Assistant showed a device `system` with nothing but "Problem: OK". A device that is silent is one."""
    own = state("system", power=None, battery=None, values={"lifecycle": "started"})

    assert {} == configurations(known(own), OPTIONS)
    assert {UPS} == set(configurations(known(state(power=None, battery=None, values={})), OPTIONS))


@pytest.mark.parametrize(("channel", "expected"), [
    ("battery_voltage", {"device_class": "voltage", "state_class": "measurement", "unit_of_measurement": "V",
                         "suggested_display_precision": 3, "name": "Battery voltage"}),
    ("state_of_charge", {"device_class": "battery", "state_class": "measurement", "unit_of_measurement": "%"}),
    ("runtime_left_s", {"device_class": "duration", "unit_of_measurement": "s", "name": "Runtime left"}),
    ("output_energy", {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "Wh"}),
    ("charge_in", {"state_class": "total_increasing", "unit_of_measurement": "Ah", "device_class": None}),
    ("air_pressure", {"device_class": "atmospheric_pressure", "unit_of_measurement": "hPa"}),
    ("vapour_pressure_deficit", {"device_class": "pressure", "unit_of_measurement": "kPa"}),
    ("co2", {"device_class": "carbon_dioxide", "unit_of_measurement": "ppm", "name": "CO2"}),
    ("soil_moisture", {"device_class": "moisture", "unit_of_measurement": "%"}),
    ("output_load", {"device_class": None, "unit_of_measurement": "%"}),
    ("load_average", {"device_class": None, "unit_of_measurement": None, "entity_category": "diagnostic"}),
    ("own_channel", {"device_class": None, "unit_of_measurement": None, "state_class": "measurement"}),
])  # fmt: skip
def test_a_number_is_a_sensor_of_its_class(channel: str, expected: Json) -> None:
    """By its unit, and by its name where the unit does not say enough."""
    found = component(channel, state(values={channel: 1.0}))

    assert {"platform": "sensor", **expected} == {"platform": found["platform"]} | {n: found.get(n) for n in expected}


def test_every_fact_has_a_row() -> None:
    """True or false, in words, or passed over with a reason."""
    assert set(FACTS) == set(FLAGS) | TEXTS | PASSED_OVER


@pytest.mark.parametrize(("values", "expected"), [
    ({"battery_voltage": 12.5}, "12.5"), ({"battery_voltage": 0}, "0"), ({}, "None"),
])  # fmt: skip
def test_a_sensor_shows_the_value_or_nothing(values: Json, expected: str) -> None:
    """What a state does not hold is unknown, not the last value."""
    template = component("battery_voltage", state(values={"battery_voltage": 1.0}))["value_template"]

    assert expected == render(template, payload(state(values=values)))


@pytest.mark.parametrize(("values", "expected"), [
    ({"alarm_text": "Replace the battery"}, "Replace the battery"), ({"alarm_text": "x" * 300}, "x" * 255),
    ({"alarm_text": 7}, "7"), ({}, "None"),
])  # fmt: skip
def test_words_are_no_longer_than_home_assistant_takes_them(values: Json, expected: str) -> None:
    """A state has at most 255 characters there; with more it became unknown, and each value an error in the log."""
    template = component("alarm_text", state(values={"alarm_text": "none"}))["value_template"]

    assert expected == render(template, payload(state(values=values)))


@pytest.mark.parametrize(("key", "fields", "expected"), [
    ("on_battery", {"power": "battery"}, "ON"),
    ("on_battery", {"power": "mains"}, "OFF"),
    ("on_battery", {}, "None"),
    ("low_battery", {"battery": "low"}, "ON"),
    ("low_battery", {"battery": "critical"}, "ON"),
    ("low_battery", {"battery": "ok"}, "OFF"),
    ("low_battery", {}, "None"),
    ("is_charging", {"charging": True}, "ON"),
    ("is_charging", {"charging": False}, "OFF"),
    ("is_charging", {}, "None"),
    ("problem", {"active": ["on_battery"]}, "ON"),
    ("problem", {"active": ["charging"]}, "OFF"),
    ("problem", {}, "OFF"),
    ("ac_present", {"values": {"ac_present": True}}, "ON"),
    ("ac_present", {"values": {"ac_present": False}}, "OFF"),
    ("ac_present", {}, "None"),
])  # fmt: skip
def test_a_binary_sensor_is_on_off_or_unknown(key: str, fields: Json, expected: str) -> None:
    """By the confirmed words of the state."""
    full = state(power="mains", battery="ok", charging=True, values={"ac_present": True})
    template = component(key, full)["value_template"]

    assert expected == render(template, payload(state(**fields)))


def test_a_problem_says_which() -> None:
    """In its attributes."""
    found = component("problem", state())
    said = render(found["json_attributes_template"], payload(state(active=["on_battery"], simulated=True)))

    expected = {"active": ["on_battery"], "quality": "good", "simulated": True, "time": "2026-01-31T12:00:00.000000Z"}
    assert expected == json.loads(said)


@pytest.mark.parametrize(("quality", "life", "expected"), [
    ("good", "online", ["online", "online"]),
    ("suspect", "online", ["online", "online"]),
    ("bad", "online", ["online", "offline"]),
    ("stale", "online", ["online", "offline"]),
    ("good", "stopped", ["offline", "online"]),
    ("good", "offline", ["offline", "online"]),
])  # fmt: skip
def test_a_device_is_available_while_its_values_are(quality: str, life: Any, expected: list[str]) -> None:
    """Both must hold: the service that publishes is online, and the readings may be believed."""
    config = configurations(known(state()), OPTIONS)[UPS]
    seen = {
        f"{ROOT}/status/event_processor": payload(Status(service="event_processor", state=life)),
        f"{ROOT}/state/ups": payload(state(quality=quality)),
    }

    assert "all" == config["availability_mode"]
    assert expected == [render(row["value_template"], seen[row["topic"]]) for row in config["availability"]]


@pytest.mark.parametrize(("seconds", "expected"), [(300, 300), (0, None)])
def test_values_expire_where_wanted(seconds: int, expected: int | None) -> None:
    """With 0 they never do."""
    config = configurations(known(state(values={"co2": 1})), Options(TOPICS, "9", expire_after_s=seconds))[UPS]

    assert expected == config["components"]["co2"].get("expire_after")


def test_a_counter_only_grows() -> None:
    """Its total is the state, its windows are attributes."""
    found = component("counter_system_stream_gap", counter("system.stream.gap"), topic=SUITE)

    assert ("total_increasing", f"{ROOT}/counter/system/stream/gap") == (found["state_class"], found["state_topic"])
    assert "7" == render(found["value_template"], payload(counter("system.stream.gap")))


def test_the_health_is_a_sensor_with_its_grade() -> None:
    """Of the suite."""
    found = component("health", HEALTH, topic=SUITE)

    assert "91" == render(found["value_template"], payload(HEALTH))
    assert {"grade": "GOOD", "recovers": None} == json.loads(render(found["json_attributes_template"], payload(HEALTH)))


@pytest.mark.parametrize(("fields", "expected"), [
    ({"state": "firing"}, "ON"), ({"state": "acknowledged"}, "ON"), ({"state": "pending"}, "OFF"),
    ({"state": "resolved"}, "OFF"),
])  # fmt: skip
def test_an_alert_is_a_problem_of_its_device(fields: Json, expected: str) -> None:
    """While it fires, acknowledged or not."""
    found = component("alert_on_battery_ups", state(), alert())

    assert expected == render(found["value_template"], payload(alert(**fields)))


def test_an_alert_without_a_known_device_is_the_suites() -> None:
    """So it is seen in any case."""
    assert "binary_sensor" == component("alert_on_battery_ups", alert(), topic=SUITE)["platform"]


def pressed(key: str, moment: datetime = START, **fields: Any) -> Command:
    """Press a button; return the command that Home Assistant publishes."""
    found = component(key, state(), alert(**fields))
    assert f"{ROOT}/command/alerter/{key.rpartition('_')[2]}" == found["command_topic"]
    return Command.model_validate_json(render(found["command_template"], now=moment))


def test_a_press_acknowledges() -> None:
    """With the command that `upskeep ack` sends."""
    command = pressed("alert_on_battery_ups_ack")

    wish = AckCommand.model_validate(command.data)
    assert ("alerter", "ack", "Home Assistant", "on_battery", "ups") == (
        command.target,
        command.name,
        command.by,
        wish.rule,
        wish.key,
    )


def test_each_press_is_a_command_of_its_own() -> None:
    """A command is carried out once for each id."""
    presses = [pressed("alert_on_battery_ups_ack", START + timedelta(microseconds=n)).id for n in range(2)]

    assert 2 == len(set(presses))


def test_a_long_name_leaves_room_for_the_id() -> None:
    """An id has at most 128 characters."""
    rule, key = "r" * 120, "k" * 120
    found = configurations(known(alert(rule, key)), OPTIONS)[SUITE]["components"][f"alert_{rule}_{key}_ack"]

    assert Command.model_validate_json(render(found["command_template"], now=START)).data["key"] == key


def test_a_press_silences_this_alert_alone() -> None:
    """For an hour."""
    command = pressed("alert_on_battery_ups_silence")

    wish = SilenceCommand.model_validate(command.data)
    matchers = [parse_matcher(text) for text in wish.matchers]
    assert 3600 == wish.for_s
    assert [True, False] == [
        all_hold(matchers, alert().labels),
        all_hold(matchers, alert(labels={"rule": "on_battery", "device": "nas"}).labels),
    ]


@pytest.mark.parametrize("text", ['a"b', "{{ 7 * 7 }}", "{% for", "a\\b", "a\nb", "{#"])
def test_a_foreign_label_gets_into_no_template(text: str) -> None:
    """Labels are what senders say; Home Assistant would render what is in a template."""
    found = configurations(known(state(), alert(labels={"rule": "on_battery", "device": "ups", "x": text})), OPTIONS)

    keys = set(found[UPS]["components"])
    assert "alert_on_battery_ups_ack" in keys
    assert "alert_on_battery_ups_silence" not in keys
    assert text not in json.dumps(found, ensure_ascii=False)


def test_a_foreign_channel_gets_into_no_template() -> None:
    """Channels come from drivers and boards of others."""
    found = configurations(known(state(values={"a') }}{{ 7 * 7": 1, "fan speed": 2})), OPTIONS)[UPS]["components"]

    assert {"fan_speed", "problem"} == set(found)


@pytest.mark.parametrize(("device", "topic"), [
    ("nas-1", "homeassistant/device/upskeep_home_nas-1/config"),
    ("nas.1", "homeassistant/device/upskeep_home_nas_1_1753d0d6/config"),
])  # fmt: skip
def test_an_identity_is_fit_for_home_assistants_topics(device: str, topic: str) -> None:
    """Letters, digits, _ and -; what had to be changed gets a hash of the whole."""
    assert [topic] == [found for found in configurations(known(state(device)), OPTIONS) if "nas" in found]


def test_a_channel_that_was_seen_stays() -> None:
    """A poll that failed takes no entity away."""
    found = known(state(values={"co2": 1}), state(quality="bad"))

    assert found is found.after("state", ("ups",), state(quality="bad"))
    assert "number" == found.devices["ups"].channels["co2"]


def test_what_has_gone_is_forgotten() -> None:
    """A device whose topic is emptied, an alert that is over."""
    found = known(state(), alert()).after("state", ("ups",), None).after("alert", ("on_battery", "ups"), None)

    assert ({}, {}) == (found.devices, found.alerts)


def test_no_sender_fills_home_assistant() -> None:
    """Every set has its bound."""
    found = known(
        *(state(f"d{n}") for n in range(MOST_DEVICES + 2)),
        state("d0", values={f"c{n}": n for n in range(MOST_CHANNELS + 2)}),
        *(counter(f"T{n}") for n in range(MOST_COUNTERS + 2)),
        *(alert("r", f"k{n}") for n in range(MOST_ALERTS + 2)),
        *(Status(service=f"s{n}", state="online") for n in range(MOST_SERVICES + 2)),
    )

    sizes = (len(found.devices), len(found.devices["d0"].channels), len(found.counters), len(found.alerts))
    assert (MOST_DEVICES, MOST_CHANNELS, MOST_COUNTERS, MOST_ALERTS) == sizes
    assert MOST_SERVICES == len(found.services)
