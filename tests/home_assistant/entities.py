"""What Home Assistant has of the suite, beside what discovery says: a sentence for each difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.home_assistant.instance import HomeAssistant

Json = Mapping[str, Any]
# Each entity of the MQTT integration: its id, and of its device what identifies it, its name, area, maker and parent.
ENTITIES = """\
{%- set found = namespace(all=[]) -%}
{%- for entity in integration_entities('mqtt') -%}
  {%- set device = device_id(entity) -%}
  {%- set above = device_attr(device, 'via_device_id') -%}
  {%- set found.all = found.all + [{
    'entity': entity, 'identity': (device_attr(device, 'identifiers') | list)[0][1],
    'device': device_attr(device, 'name'), 'area': area_name(device),
    'maker': device_attr(device, 'manufacturer'), 'version': device_attr(device, 'sw_version'),
    'above': (device_attr(above, 'identifiers') | list)[0][1] if above else none}] -%}
{%- endfor -%}
{{ found.all | tojson }}"""
SHOWN = ("device_class", "state_class", "unit_of_measurement", "options", "min", "max", "step")


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: where it belongs, and its state as Home Assistant shows it."""

    about: Json
    state: str
    attributes: Json

    @property
    def platform(self) -> str:
        """``sensor``."""
        return str(self.about["entity"]).partition(".")[0]


def entities(home: HomeAssistant) -> dict[tuple[str, str], Entity]:
    """Return every entity of ours, by its device's identity and its name."""
    states = {each["entity_id"]: each for each in home.get("/api/states")}
    found = {}
    for about in home.render(ENTITIES):
        if about["identity"].startswith("upskeep_") and (shown := states.get(about["entity"])):
            name = shown["attributes"].get("friendly_name", "").removeprefix(f"{about['device']} ")
            found[about["identity"], name] = Entity(about, shown["state"], shown["attributes"])
    return found


def differences(configurations: Mapping[str, Json], home: HomeAssistant) -> Iterator[str]:
    """Yield what is not as the configurations have it: an entity that is missing, or too many, or otherwise."""
    there = entities(home)
    expected = set()
    for config in configurations.values():
        identity = config["device"]["identifiers"][0]
        for component in config["components"].values():
            if len(component) > 1:
                place = (identity, component["name"])
                expected.add(place)
                yield from _unlike(place, component, config["device"], there.get(place))
    yield from (f"{' / '.join(place)}: nothing of discovery has it" for place in there.keys() - expected)


def _unlike(place: tuple[str, str], component: Json, device: Json, entity: Entity | None) -> Iterator[str]:
    where = " / ".join(place)
    if entity is None:
        yield f"{where}: Home Assistant does not have it"
        return
    pairs: list[tuple[str, Any, Any]] = [("platform", component["platform"], entity.platform)]
    pairs += [(name, component.get(name), entity.attributes.get(name)) for name in SHOWN]
    of_device = {"name": "device", "manufacturer": "maker", "sw_version": "version", "suggested_area": "area"}
    pairs += [(name, device.get(name), entity.about[shown]) for name, shown in of_device.items()]
    pairs.append(("via_device", device.get("via_device"), entity.about["above"]))
    for name, wanted, found in pairs:
        if wanted != found and not (name == "suggested_area" and wanted is None):
            yield f"{where}: {name} is {found!r}, and discovery says {wanted!r}"
