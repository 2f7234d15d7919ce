"""``config/climate.yaml`` with ``config/actuators.yaml``: the targets and the actuators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from shared.actuators import Actuator, ActuatorsFile
from shared.climate.zones import MOST_ACTUATORS, Climate, Zone, ZoneActuator
from shared.config_lines import Lines
from shared.settings import ConfigError, Fault, read_one_of

FILE, ACTUATORS = "climate", "actuators"


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """Both files, checked against each other."""

    climate: Climate
    actuators: Mapping[str, Actuator]
    clocks: Mapping[str, ZoneInfo]


def read(folder: Path, environ: Mapping[str, str]) -> ControllerSettings:
    """Return the settings; raises ConfigError with the faults of both files."""
    faults: list[Fault] = []
    climate = read_one_of(folder, FILE, Climate, environ, faults) or Climate()
    found = read_one_of(folder, ACTUATORS, ActuatorsFile, environ, faults) or ActuatorsFile()
    clocks: dict[str, ZoneInfo] = {}
    own = Lines(folder, FILE, environ)
    for name, zone in climate.zones.items():
        try:
            clocks[name] = ZoneInfo(zone.timezone)
        except (ValueError, OSError, LookupError):
            reason = f"there is no timezone {zone.timezone!r}; write it as in Europe/Berlin"
            faults.append(own.fault(("zones", name, "timezone"), reason))
        faults += [] if faults else _disagreements(own, name, climate, found)
    if faults:
        raise ConfigError(faults)
    zones = {name: _joined(name, zone, found.actuators) for name, zone in climate.zones.items()}
    return ControllerSettings(climate.model_copy(update={"zones": zones}), found.actuators, clocks)


def _joined(name: str, zone: Zone, known: Mapping[str, Actuator]) -> Zone:
    """Return a zone with its actuators from ``actuators.yaml``; all of the zone's if ``climate.yaml`` names none."""
    own = zone.actuators or tuple(
        ZoneActuator(name=each, kind=actuator.kind, steps=actuator.steps)
        for each, actuator in known.items()
        if actuator.zone == name
    )
    joined = [
        each.model_copy(update={"min_on_s": known[each.name].least_on_s, "min_off_s": known[each.name].least_off_s})
        for each in own
    ]
    return zone.model_copy(update={"actuators": tuple(joined)})


def _disagreements(own: Lines, name: str, climate: Climate, found: ActuatorsFile) -> list[Fault]:
    """Return the faults where a zone describes an actuator differently from ``actuators.yaml``."""
    faults = []
    there = [each for each, actuator in found.actuators.items() if actuator.zone == name]
    if len(there) > MOST_ACTUATORS:
        faults.append(own.fault(("zones", name), f"has {len(there)} actuators; {MOST_ACTUATORS} are the most"))
    for number, each in enumerate(climate.zones[name].actuators):
        place, other = ("zones", name, "actuators", number), found.actuators.get(each.name)
        if other is None:
            known = ", ".join(found.actuators) or "none"
            faults.append(own.fault(place, f"actuators.yaml has no actuator {each.name!r}; it has {known}"))
        elif (other.zone, other.kind.value, other.steps) != (name, each.kind.value, each.steps):
            described = f"a {other.kind.value} of {other.steps} steps in the zone {other.zone}"
            reason = f"{each.name} is {described} in actuators.yaml; zone, kind and steps must be the same"
            faults.append(own.fault(place, reason))
    return faults
