"""The fields of a discovery payload, and the classes with their units, as Home Assistant's documentation lists them.

Sources (read 2026-11): home-assistant.io/integrations/mqtt/ (device discovery payload, shared options),
/sensor.mqtt/, /binary_sensor.mqtt/, /button.mqtt/, /select.mqtt/, /number.mqtt/,
/sensor/ and /binary_sensor/ (device classes),
developers.home-assistant.io/docs/core/entity/sensor/ (state classes by device class).
"""

from __future__ import annotations

from typing import Any

ROOT = {"device", "origin", "components", "availability", "availability_mode", "state_topic", "command_topic", "qos",
        "encoding"}  # fmt: skip
DEVICE = {"identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version", "sw_version",
          "serial_number", "suggested_area", "via_device", "configuration_url"}  # fmt: skip
ORIGIN = {"name", "sw_version", "support_url"}
AVAILABILITY = {"topic", "value_template", "payload_available", "payload_not_available"}

_ENTITY = {"platform", "unique_id", "name", "availability", "availability_mode", "device_class", "entity_category",
           "enabled_by_default", "icon", "json_attributes_topic", "json_attributes_template", "qos"}  # fmt: skip
OF_PLATFORM = {
    "sensor": _ENTITY | {"state_topic", "value_template", "unit_of_measurement", "state_class",
                         "suggested_display_precision", "expire_after", "force_update", "options"},
    "binary_sensor": _ENTITY | {"state_topic", "value_template", "payload_on", "payload_off", "expire_after",
                                "off_delay", "force_update"},
    "button": _ENTITY | {"command_topic", "command_template", "payload_press", "retain"},
    "select": _ENTITY | {"state_topic", "value_template", "command_topic", "command_template", "options", "optimistic",
                         "retain"},
    "number": _ENTITY | {"state_topic", "value_template", "command_topic", "command_template", "min", "max", "step",
                         "mode", "unit_of_measurement", "optimistic", "payload_reset", "retain"},
}  # fmt: skip
NEEDS = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "button": {"command_topic"},
    "select": {"command_topic", "options"},
    "number": {"command_topic"},
}
CATEGORIES = {"diagnostic", "config"}

# Device class of a sensor: the units of ours that it takes.
SENSOR_UNITS = {
    "apparent_power": {"VA"},
    "atmospheric_pressure": {"hPa", "kPa", "Pa"},
    "battery": {"%"},
    "carbon_dioxide": {"ppm"},
    "current": {"A", "mA"},
    "data_size": {"B", "kB", "MB", "GB"},
    "duration": {"d", "h", "min", "s", "ms"},
    "energy": {"Wh", "kWh"},
    "frequency": {"Hz"},
    "humidity": {"%"},
    "illuminance": {"lx"},
    "moisture": {"%"},
    "power": {"W", "kW"},
    "pressure": {"hPa", "kPa", "Pa"},
    "temperature": {"°C"},
    "voltage": {"V", "mV"},
}
STATE_CLASSES = {"measurement", "total", "total_increasing"}
ONLY_TOTALS = {"energy"}  # device classes whose state class may not be a measurement
NEVER_TOTALS = {"apparent_power", "atmospheric_pressure", "battery", "carbon_dioxide", "current", "frequency",
                "humidity", "illuminance", "moisture", "power", "pressure", "temperature", "voltage"}  # fmt: skip

BINARY_CLASSES = {"battery", "battery_charging", "cold", "connectivity", "heat", "moisture", "plug", "power",
                  "presence", "problem", "running", "safety", "update"}  # fmt: skip

CLASSES_OF = {"binary_sensor": BINARY_CLASSES, "button": {"restart", "update", "identify"}, "select": set(),
              "number": set(SENSOR_UNITS)}  # fmt: skip


def faults_of(config: dict[str, Any]) -> list[str]:
    """Return everything for which Home Assistant would refuse a device's configuration, in words."""
    found = [f"unknown field {name}" for name in set(config) - ROOT]
    found += [f"needs {name}" for name in ("device", "origin", "components") if not config.get(name)]
    found += [f"device: unknown field {name}" for name in set(config["device"]) - DEVICE]
    found += [f"origin: unknown field {name}" for name in set(config["origin"]) - ORIGIN]
    if not config["device"].get("identifiers"):
        found.append("device: needs identifiers")
    if not config["origin"].get("name"):
        found.append("origin: needs a name")
    for row in config.get("availability", ()):
        found += [f"availability: unknown field {name}" for name in set(row) - AVAILABILITY]
    for key, component in config["components"].items():
        found += [f"{key}: {fault}" for fault in _of_component(component, config)]
    return found


def _of_component(component: dict[str, Any], config: dict[str, Any]) -> list[str]:
    platform = component.get("platform")
    if platform not in OF_PLATFORM:
        return [f"unknown platform {platform}"]
    if set(component) == {"platform"}:
        return []  # asks for its removal
    found = [f"unknown field {name}" for name in set(component) - OF_PLATFORM[platform]]
    found += [f"needs {name}" for name in NEEDS[platform] if name not in component and name not in config]
    if not component.get("unique_id"):
        found.append("needs a unique_id")
    if component.get("entity_category", "diagnostic") not in CATEGORIES:
        found.append("unknown category")
    if "expire_after" in component and component["expire_after"] <= 0:
        found.append("expire_after must be above 0")
    return found + (_of_sensor(component) if platform == "sensor" else _of_class(component, platform))


def _of_sensor(component: dict[str, Any]) -> list[str]:
    device_class, unit, kind = (component.get(name) for name in ("device_class", "unit_of_measurement", "state_class"))
    found = []
    if kind is not None and kind not in STATE_CLASSES:
        found.append(f"unknown state class {kind}")
    if device_class is None:
        return found
    if device_class not in SENSOR_UNITS:
        return [*found, f"unknown device class {device_class}"]
    if unit not in SENSOR_UNITS[device_class]:
        found.append(f"{device_class} takes no {unit}")
    if (device_class in ONLY_TOTALS and kind == "measurement") or (
        device_class in NEVER_TOTALS and kind != "measurement"
    ):
        found.append(f"{device_class} is no {kind}")
    return found


def _of_class(component: dict[str, Any], platform: str) -> list[str]:
    device_class = component.get("device_class")
    known = CLASSES_OF[platform]
    return [] if device_class is None or device_class in known else [f"unknown device class {device_class}"]
