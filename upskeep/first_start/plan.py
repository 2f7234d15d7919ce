"""From what a person chose to the files' new texts. Pure.

Rules:
1. Only what differs is written: a value that already stands is left alone, comments and all.
2. The first board or NUT server (else chip) among the devices becomes what was chosen and keeps its name; further chips
   come before it.
3. Real hardware makes the source ``i2c``: a board that stops answering is reported, and never simulated instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.bounded_yaml import load_yaml
from upskeep.first_start.edits import EditError, with_item_before, with_pairs, with_value

SUPPLIES = ("board", "nut")
KINDS = (*SUPPLIES, "chip")
OF_ITS_KIND = ("bus", "address", "shunt_ohm", "measures")  # keys that belong to the device before


@dataclass(frozen=True, slots=True)
class BoardChoice:
    """A board profile; ``bus`` None: the profile's."""

    board: str
    bus: int | None = None


@dataclass(frozen=True, slots=True)
class NutChoice:
    """A UPS of a NUT server."""

    ups: str
    host: str = "127.0.0.1"
    port: int = 3493

    def __str__(self) -> str:
        return f"{self.ups}@{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SimulatorChoice:
    """A scenario or a room of the simulator."""

    scenario: str = "outage"


@dataclass(frozen=True, slots=True)
class ChipChoice:
    """A chip that is read besides, or alone."""

    kind: str
    bus: int
    address: int

    @property
    def name(self) -> str:
        """The name its device gets."""
        return f"{self.kind}_{self.address:02x}"


Supply = BoardChoice | NutChoice | SimulatorChoice


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen. ``supply`` None: chips alone."""

    supply: Supply | None
    chips: Sequence[ChipChoice] = field(default=())
    site: str | None = None
    capacity_mah: float | None = None


def planned(files: Mapping[str, str], choices: Choices) -> dict[str, str]:
    """Return the new texts of those of ``files`` (by name, without .yaml) that change; raises EditError."""
    texts = dict(files)
    if choices.site is not None:
        texts["suite"] = _valued(texts["suite"], ("site",), choices.site)
    reader = texts["sensor_reader"]
    if isinstance(choices.supply, SimulatorChoice):
        reader = _valued(reader, ("source",), f"sim:{choices.supply.scenario}")
    else:
        reader = _valued(reader, ("source",), "i2c")
        place = _supply_place(reader)
        if choices.supply is None:
            reader = _alone(reader, place, choices.chips)
        else:
            reader = _besides(_device(reader, place, choices.supply), choices.chips)
    if choices.capacity_mah is not None:
        name = _named(texts["sensor_reader"], _supply_place(texts["sensor_reader"]))
        texts["event_processor"] = _with_capacity(texts["event_processor"], name, choices.capacity_mah)
    texts["sensor_reader"] = reader
    return {name: text for name, text in texts.items() if text != files[name]}


def _data(text: str) -> Any:
    return load_yaml(text)[1] or {}


def _valued(text: str, path: tuple[str | int, ...], value: str) -> str:
    return text if _data(text).get(path[0]) == value else with_value(text, path, value)


def _supply_place(text: str) -> int:
    devices = _data(text).get("devices") or []
    place = next((at for kinds in (SUPPLIES, ("chip",)) for at, each in enumerate(devices) if {*kinds} & {*each}), None)
    if place is None:
        raise EditError("sensor_reader.yaml names no board, chip or NUT server under devices that could be exchanged")
    return place


def _named(text: str, place: int) -> str:
    return str(_data(text)["devices"][place]["name"])


def _device(text: str, place: int, supply: BoardChoice | NutChoice) -> str:
    before = _data(text)["devices"][place]
    wanted: dict[str, Any]
    if isinstance(supply, BoardChoice):
        wanted = {"board": supply.board} | ({} if supply.bus is None else {"bus": supply.bus})
    else:
        wanted = {"nut": {"ups": supply.ups, "host": supply.host, "port": supply.port}}
    if {key: before[key] for key in (*KINDS, *OF_ITS_KIND) if key in before} == wanted:
        return text
    if any(key in before for key in OF_ITS_KIND):
        raise EditError(f"sensor_reader.yaml: devices.{place} has been wired by hand; change it there (`upskeep scan`)")
    kind = next(kind for kind in KINDS if kind in before)
    pairs = [(key, json.dumps(value) if isinstance(value, dict) else str(value)) for key, value in wanted.items()]
    return with_pairs(text, ("devices", place, kind), pairs)


def _missing(text: str, chips: Sequence[ChipChoice]) -> list[ChipChoice]:
    taken = {(each.get("bus", 1), each.get("address")) for each in _data(text)["devices"]}
    return [chip for chip in chips if (chip.bus, chip.address) not in taken]


def _besides(text: str, chips: Sequence[ChipChoice]) -> str:
    for chip in _missing(text, chips):
        item = f"{{name: {chip.name}, chip: {chip.kind}, bus: {chip.bus}, address: {chip.address:#04x}}}"
        text = with_item_before(text, ("devices", 0), item)
    return text


def _alone(text: str, place: int, chips: Sequence[ChipChoice]) -> str:
    if not chips:
        raise EditError("nothing was chosen to read")
    before, missing = _data(text)["devices"][place], _missing(text, chips)
    kind = next((kind for kind in SUPPLIES if kind in before), None)
    if kind is not None and missing:
        first = missing.pop(0)
        pairs = [("chip", first.kind), ("bus", str(first.bus)), ("address", f"{first.address:#04x}")]
        text = with_pairs(with_value(text, ("devices", place, "name"), first.name), ("devices", place, kind), pairs)
    return _besides(text, missing)


def _with_capacity(text: str, device: str, capacity_mah: float) -> str:
    devices = _data(text).get("devices") or {}
    if devices.get(device, {}).get("capacity_mah") == capacity_mah:
        return text
    if devices:
        raise EditError("event_processor.yaml: devices has entries already")
    return with_value(text, ("devices",), f"{{{device}: {{capacity_mah: {capacity_mah:g}}}}}")
