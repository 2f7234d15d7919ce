"""The configurations that Home Assistant is to hold: one device for each of ours, and one for the suite itself.

Format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. Its fields, as far as they are used:
``tests/support/homeassistant/fields.py``.

Rules:
1. Nothing is published for Home Assistant but configurations. Their entities read the suite's own retained topics.
2. A device is there (``availability``) while event_processor is online and its state is neither ``stale`` nor ``bad``.
   What is not renewed within ``expire_after_s`` is unavailable.
3. What a topic does not hold renders as ``None``, which Home Assistant shows as unknown. Words end where its states do.
4. A topic that is emptied holds no JSON. Every template takes that, or Home Assistant logs an error for each.
5. Buttons publish the alerter's commands themselves, each press with an id of its own. Only names that are safe within
   a template get into one; an alert with other labels has no button to silence it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.gateway.core.homeassistant.channels import DIAGNOSTIC_FLAGS, FLAGS, name_of, sensor_of
from services.gateway.core.homeassistant.climate import SETTINGS, command_of, value_of
from services.gateway.core.homeassistant.known import CONTROLLER, Device, Known, KnownAlert, Shape
from shared.names import type_levels
from shared.topics import Topics

ALERT = "alert_"  # what the keys of an alert's entities begin with
SILENCE_S = 3600
LONGEST_STATE = 255  # characters; a longer one Home Assistant shows as unknown
_SAFE = re.compile(r"[\w .:/+\-]*\Z", re.ASCII)
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """``prefix``: Home Assistant's discovery prefix. ``expire_after_s`` 0: a value never expires."""

    topics: Topics
    version: str
    prefix: str = "homeassistant"
    expire_after_s: int = 300
    url: str | None = None  # of the console

    @property
    def origin(self) -> str:
        """The name under which this site's configurations are known as its own."""
        return f"Upskeep {self.topics.site}"

    def topic_of(self, identity: str) -> str:
        """Return the topic of a device's configuration."""
        return f"{self.prefix}/device/{identity}/config"

    @property
    def birth(self) -> str:
        """The topic on which Home Assistant publishes ``online`` when it starts."""
        return f"{self.prefix}/status"


@dataclass(frozen=True, slots=True)
class _Home:
    """A device of Home Assistant while its entities are gathered."""

    identity: str
    state_topic: str = ""
    components: Json = field(default_factory=dict)

    def add(self, key: str, platform: str, name: str, **fields: Any) -> None:
        wanted = {name: value for name, value in fields.items() if value is not None}
        self.components[key] = {"platform": platform, "unique_id": f"{self.identity}_{key}", "name": name, **wanted}


def configurations(known: Known, options: Options) -> dict[str, Json]:
    """Return every configuration by its topic. The suite's own is there as soon as it has an entity."""
    homes = {
        name: _Home(_identity(options, name), options.topics.build("state", name)) for name in sorted(known.devices)
    }
    suite = _Home(_identity(options))
    for name, device in known.devices.items():
        _add_device(homes[name], device, options)
    _add_suite(suite, known, options)
    _add_zones(suite, known, options)
    for alert in known.alerts.values():
        _add_alert(homes.get(alert.device or "", suite), alert, options)
    found = {options.topic_of(home.identity): _of_device(home, name, known, options) for name, home in homes.items()}
    if suite.components:
        found[options.topic_of(suite.identity)] = _of_suite(suite, options)
    return found


def _identity(options: Options, device: str | None = None) -> str:
    whole = "_".join(("upskeep", options.topics.site, *((device,) if device else ())))
    fit = _UNFIT.sub("_", whole)
    return fit if fit == whole else f"{fit}_{zlib.crc32(whole.encode()):08x}"


# ---- devices


@dataclass(frozen=True, slots=True)
class OwnWord:
    """A word of the state that is a binary sensor: which values of it are on, and which off."""

    word: str
    key: str
    name: str
    device_class: str | None
    on: tuple[str | bool, ...]
    off: tuple[str | bool, ...]

    @property
    def template(self) -> str:
        """The value's template; any other word is unknown."""
        values = {**dict.fromkeys(self.on, "ON"), **dict.fromkeys(self.off, "OFF")}
        mapping = ", ".join(f"{str(value).lower() if value in (True, False) else repr(value)}: '{is_}'"
                            for value, is_ in values.items())  # fmt: skip
        return f"{{{{ {{{mapping}}}.get((value_json | default({{}})).get('{self.word}')) }}}}"


OWN_WORDS = (
    OwnWord("power", "on_battery", "On battery", None, ("battery",), ("mains",)),
    OwnWord("battery", "low_battery", "Low battery", "battery", ("low", "critical"), ("ok",)),
    OwnWord("charging", "is_charging", "Charging", "battery_charging", (True,), (False,)),
)
# What is on of the rules that a state names; that a battery charges is no problem.
_ACTIVE = "{{ 'ON' if (value_json | default({})).get('active', []) | reject('equalto', 'charging') | list else 'OFF' }}"
_ATTRIBUTES = (
    "{% set held = value_json | default({}) %}{{ {'active': held.get('active', []), 'quality': held.get('quality'),"
    " 'simulated': held.get('simulated', false), 'time': held.get('time')} | tojson }}"
)
_GRADE = (
    "{% set held = value_json | default({}) %}"
    "{{ {'grade': held.get('grade'), 'recovers': held.get('recovers')} | tojson }}"
)
_WHOLE = "{{ value_json | default({}) | tojson }}"


def _of_device(home: _Home, name: str, known: Known, options: Options) -> Json:
    about = {"identifiers": [home.identity], "name": name, "manufacturer": "Upskeep"}
    zone = known.devices[name].zone
    return {
        "device": about | ({"suggested_area": zone} if zone else {}) | {"via_device": _identity(options)},
        "origin": _origin(options),
        "availability": [_online(options, "event_processor"), _believable(home.state_topic)],
        "availability_mode": "all",
        "state_topic": home.state_topic,
        "qos": 1,
        "components": dict(sorted(home.components.items())),
    }


def _origin(options: Options) -> Json:
    return {"name": options.origin, "sw_version": options.version}


def _online(options: Options, service: str) -> Json:
    topic = options.topics.build("status", service)
    return {
        "topic": topic,
        "value_template": "{{ 'online' if (value_json | default({})).get('state') == 'online' else 'offline' }}",
    }


def _believable(state: str) -> Json:
    template = (
        "{{ 'offline' if (value_json | default({'quality': 'bad'})).get('quality') in ('stale', 'bad') else 'online' }}"
    )
    return {"topic": state, "value_template": template}


def _add_device(home: _Home, device: Device, options: Options) -> None:
    expires = {"expire_after": options.expire_after_s or None}
    for channel, shape in device.channels.items():
        if channel != "charging" or not device.charging:  # what is confirmed goes before what one frame says
            _add_channel(home, channel, shape, expires)
    for row in OWN_WORDS:
        if getattr(device, row.word):
            home.add(
                row.key,
                "binary_sensor",
                row.name,
                device_class=row.device_class,
                value_template=row.template,
                **expires,
            )
    home.add(
        "problem", "binary_sensor", "Problem", device_class="problem", value_template=_ACTIVE,
        json_attributes_topic=home.state_topic, json_attributes_template=_ATTRIBUTES, **expires,
    )  # fmt: skip


def _add_channel(home: _Home, channel: str, shape: Shape, expires: Mapping[str, int | None]) -> None:
    if not _SAFE.match(channel) or not channel:
        return
    key, value = _UNFIT.sub("_", channel), f"(value_json | default({{}})).get('values', {{}}).get('{channel}')"
    if shape == "flag":
        home.add(
            key, "binary_sensor", name_of(channel), device_class=FLAGS.get(channel),
            entity_category="diagnostic" if channel in DIAGNOSTIC_FLAGS else None,
            value_template=f"{{{{ {{true: 'ON', false: 'OFF'}}.get({value}) }}}}", **expires,
        )  # fmt: skip
        return
    if shape == "text":
        home.add(
            key, "sensor", name_of(channel),
            value_template=f"{{{{ ({value} | string)[:{LONGEST_STATE}] }}}}", **expires,
        )  # fmt: skip
        return
    sensor = sensor_of(channel)
    home.add(
        key, "sensor", name_of(channel), device_class=sensor.device_class, state_class=sensor.state_class,
        unit_of_measurement=sensor.unit, suggested_display_precision=sensor.decimals,
        entity_category="diagnostic" if sensor.diagnostic else None,
        value_template=f"{{{{ {value} }}}}", **expires,
    )  # fmt: skip


# ---- the suite


def _of_suite(home: _Home, options: Options) -> Json:
    about = {"identifiers": [home.identity], "name": f"Upskeep {options.topics.site}", "manufacturer": "Upskeep"}
    url = {"configuration_url": options.url} if options.url else {}
    return {
        "device": about | {"sw_version": options.version} | url,
        "origin": _origin(options),
        "qos": 1,
        "components": dict(sorted(home.components.items())),
    }


def _add_suite(home: _Home, known: Known, options: Options) -> None:
    counted = {"availability": [_online(options, "counter_store")]}
    if known.health:
        topic = options.topics.build("health")
        home.add(
            "health", "sensor", "Health", state_class="measurement", unit_of_measurement="%", state_topic=topic,
            value_template="{{ (value_json | default({})).get('score') }}", json_attributes_topic=topic,
            json_attributes_template=_GRADE, **counted,
        )  # fmt: skip
    for event_type in sorted(known.counters):
        topic = options.topics.build("counter", type_levels("", event_type))
        home.add(
            f"counter_{_UNFIT.sub('_', event_type)}", "sensor", event_type, state_class="total_increasing",
            unit_of_measurement="events", state_topic=topic,
            value_template="{{ (value_json | default({})).get('total') }}",
            json_attributes_topic=topic, json_attributes_template=_WHOLE, **counted,
        )  # fmt: skip
    for service in sorted(known.services):
        home.add(
            f"service_{_UNFIT.sub('_', service)}", "binary_sensor", service, device_class="connectivity",
            entity_category="diagnostic", state_topic=options.topics.build("status", service),
            value_template="{{ 'ON' if (value_json | default({})).get('state') == 'online' else 'OFF' }}",
        )  # fmt: skip


def _add_zones(home: _Home, known: Known, options: Options) -> None:
    there = {"availability": [_online(options, CONTROLLER)]}
    for zone in sorted(known.zones):
        for setting in SETTINGS:
            home.add(
                f"zone_{_UNFIT.sub('_', zone)}_{setting.key}", setting.platform, f"{zone} {setting.title}",
                state_topic=options.topics.build("status", CONTROLLER), value_template=value_of(setting, zone),
                command_topic=options.topics.build("command", CONTROLLER, setting.command),
                command_template=command_of(setting, zone), **setting.fields, **there,
            )  # fmt: skip


# ---- alerts


def _add_alert(home: _Home, alert: KnownAlert, options: Options) -> None:
    key = ALERT + _UNFIT.sub("_", f"{alert.rule}_{alert.key}")
    topic, about = options.topics.build("alert", alert.rule, alert.key), f"{alert.rule} {alert.key}"
    there = {"availability": [_online(options, "alerter")]}
    home.add(
        key, "binary_sensor", f"Alert {about}", device_class="problem", state_topic=topic,
        value_template="{{ 'ON' if (value_json | default({})).get('state') in ('firing', 'acknowledged') else 'OFF' }}",
        json_attributes_topic=topic, json_attributes_template=_WHOLE, **there,
    )  # fmt: skip
    for verb, name, data in _orders(alert):
        home.add(
            f"{key}_{name}", "button", f"{verb} {about}",
            command_topic=options.topics.build("command", "alerter", name),
            command_template=_command(name, alert, data), **there,
        )  # fmt: skip


def _orders(alert: KnownAlert) -> Iterator[tuple[str, str, Json]]:
    comment = "pressed in Home Assistant"
    yield "Acknowledge", "ack", {"rule": alert.rule, "key": alert.key, "comment": comment}
    labels = {"rule": alert.rule, **dict(alert.labels)}
    if all(_SAFE.match(text) for item in labels.items() for text in item):
        matchers = [f'{name}="{value}"' for name, value in sorted(labels.items())]
        yield "Silence for an hour", "silence", {"matchers": matchers, "for_s": SILENCE_S, "comment": comment}


def _command(name: str, alert: KnownAlert, data: Json) -> str:
    """Return the template of a command: its id is the moment of the press, for one id is carried out once."""
    about = f"{zlib.crc32(f'{alert.rule}/{alert.key}'.encode()):08x}"
    identity = f"home-assistant-{about}-{{{{ now().timestamp() }}}}"
    return json.dumps({"id": identity, "target": "alerter", "name": name, "by": "Home Assistant", "data": data})
