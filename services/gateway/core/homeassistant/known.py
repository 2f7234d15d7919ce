"""What decides which entities there are: the known devices, alerts and zones, never their values.

Rules:
1. A device has readings, or is silent since its start. What says only how the reader is (``system``) is none.
2. A channel that was seen once stays: a frame without it (a failed poll, another chip's turn) takes no entity away.
   It goes with its device.
3. Every set has a bound; beyond it nothing new is taken in.
4. ``after`` returns the same object where nothing follows from a message, so a caller can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from services.gateway.core.homeassistant.channels import PASSED_OVER, is_text
from shared.health import Health
from shared.messages import Alert, Counter, DeviceState, Message, Scalar, Status
from shared.names import NAME

MOST_DEVICES = 256
MOST_CHANNELS = 128  # of one device
MOST_COUNTERS = 500
MOST_ALERTS = 200
MOST_SERVICES = 64
MOST_ZONES = 64

CONTROLLER, MODE, TARGET = "climate_controller", ".mode", ".target"  # a zone's figures in the controller's status

Shape = Literal["number", "flag", "text"]
Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """A device: where it is, its channels, and which of the state's own words it has ever had."""

    zone: str | None = None
    channels: Mapping[str, Shape] = field(default_factory=dict)
    power: bool = False
    battery: bool = False
    charging: bool = False


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert that is published: its rule, key and labels."""

    rule: str
    key: str
    labels: tuple[tuple[str, str], ...]

    @property
    def device(self) -> str | None:
        """The device it is about, if it says so."""
        return dict(self.labels).get("device")


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that has an entity."""

    devices: Mapping[str, Device] = field(default_factory=dict)
    counters: frozenset[str] = frozenset()
    alerts: Mapping[Parts, KnownAlert] = field(default_factory=dict)
    services: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()  # whose climate is controlled
    health: bool = False

    def after(self, kind: str, parts: Parts, message: Message | None) -> Known:
        """Return what is known after a topic got a value, or (None) was emptied."""
        match message:
            case DeviceState():
                return self._after_state(message)
            case Counter() if message.type not in self.counters and len(self.counters) < MOST_COUNTERS:
                return replace(self, counters=self.counters | {message.type})
            case Alert():
                return self._after_alert(message)
            case Status():
                return self._after_status(message)
            case Health() if not self.health:
                return replace(self, health=True)
            case None if kind == "state" and parts[0] in self.devices:
                return replace(self, devices={n: d for n, d in self.devices.items() if n != parts[0]})
            case None if kind == "alert" and parts in self.alerts:
                return replace(self, alerts={p: a for p, a in self.alerts.items() if p != parts})
        return self

    def _after_state(self, state: DeviceState) -> Known:
        old = self.devices.get(state.device)
        if old is None and len(self.devices) >= MOST_DEVICES:
            return self
        known = old or Device()
        shapes = {name: _shape(name, value) for name, value in state.values.items() if name not in PASSED_OVER}
        if old is None and state.values and not shapes:
            return self
        fresh = {name: shape for name, shape in shapes.items() if name not in known.channels}
        room = max(0, MOST_CHANNELS - len(known.channels))
        new = Device(
            zone=state.zone or known.zone,
            channels={**known.channels, **dict(sorted(fresh.items())[:room])},
            power=known.power or state.power is not None,
            battery=known.battery or state.battery is not None,
            charging=known.charging or state.charging is not None,
        )
        return self if new == old else replace(self, devices={**self.devices, state.device: new})

    def _after_status(self, status: Status) -> Known:
        known = self
        if status.service not in self.services and len(self.services) < MOST_SERVICES:
            known = replace(known, services=self.services | {status.service})
        if status.service == CONTROLLER:
            zones = {name.removesuffix(MODE) for name in status.figures if name.endswith(MODE)}
            fresh = sorted(zone for zone in zones - self.zones if NAME.match(zone))[: MOST_ZONES - len(self.zones)]
            known = replace(known, zones=self.zones | set(fresh)) if fresh else known
        return known

    def _after_alert(self, alert: Alert) -> Known:
        place = (alert.rule, alert.key)
        new = KnownAlert(alert.rule, alert.key, tuple(sorted(alert.labels.items())))
        if self.alerts.get(place) == new or (place not in self.alerts and len(self.alerts) >= MOST_ALERTS):
            return self
        return replace(self, alerts={**self.alerts, place: new})


def _shape(channel: str, value: Scalar) -> Shape:
    if isinstance(value, bool):
        return "flag"
    return "text" if is_text(channel, value) else "number"
