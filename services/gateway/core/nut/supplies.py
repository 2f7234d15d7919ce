"""Which UPSs the door shows, and whether what it knows of each is fresh: a function of (states heard, now).

Rules:
1. ``now_s`` is monotonic. A state counts from when it was heard, never by its own time.
2. What the broker kept (``retained``) makes a UPS known. It is no reading: there is no data until a live one comes.
3. A state that is ``bad`` changes nothing, as a driver rides out a failed poll. One that is ``stale`` ends the data at
   once; so do ``max_age_s`` without a believable state.
4. Nothing real may follow from simulated readings. A simulated UPS is listed, and has data only with ``simulated``.
5. At most ``MOST`` UPSs. A further one is not shown, and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from services.gateway.core.nut.variables import is_ups, variables_of
from shared.messages import DeviceState, Quality

MOST = 256


@dataclass(frozen=True, slots=True)
class Rules:
    """How old a state may be, and whether simulated ones are shown."""

    max_age_s: float = 15.0
    simulated: bool = False
    version: str = "0"


@dataclass(frozen=True, slots=True)
class Ups:
    """A UPS as a client sees it now. Without ``variables`` its data are stale."""

    name: str
    description: str
    variables: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class SupplyStates:
    """The states of a device: the newest, and the newest believable one."""

    newest: DeviceState
    believed: DeviceState | None = None
    heard_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Supplies:
    """Every UPS, by its name; ``refused`` counts states of devices beyond the bound."""

    heard: Mapping[str, SupplyStates] = field(default_factory=dict)
    refused: int = 0

    def after(self, state: DeviceState, now_s: float, *, retained: bool) -> Supplies:
        """Return what is known after a state."""
        known = self.heard.get(state.device)
        if known is None and not is_ups(state):
            return self
        if known is None and len(self.heard) >= MOST:
            return replace(self, refused=self.refused + 1)
        return replace(self, heard={**self.heard, state.device: _after(known, state, now_s, retained=retained)})

    def without(self, device: str) -> Supplies:
        """Return what is known when a device has gone: its topic was emptied."""
        return replace(self, heard={name: heard for name, heard in self.heard.items() if name != device})

    def shown(self, rules: Rules, now_s: float, forced: Collection[str] = ()) -> dict[str, Ups]:
        """Return the UPSs as they are now, by name. ``forced``: those that a primary is about to cut off."""
        return {
            name: Ups(name, _description(rules, heard.newest), _variables(rules, heard, now_s, forced=name in forced))
            for name, heard in sorted(self.heard.items())
        }


def _after(known: SupplyStates | None, state: DeviceState, now_s: float, *, retained: bool) -> SupplyStates:
    if known is None:
        known = SupplyStates(state)
    elif state.time == known.newest.time:
        return known
    if retained:
        return replace(known, newest=state)
    if state.quality is Quality.STALE:
        return SupplyStates(state)
    if state.quality is Quality.BAD:
        return replace(known, newest=state)
    return SupplyStates(state, state, now_s)


def _variables(rules: Rules, heard: SupplyStates, now_s: float, *, forced: bool) -> dict[str, str] | None:
    state = heard.believed
    if state is None or now_s - heard.heard_s > rules.max_age_s or (state.simulated and not rules.simulated):
        return None
    return variables_of(state, rules.version, forced=forced)


def _description(rules: Rules, state: DeviceState) -> str:
    where = f" in {state.zone}" if state.zone else ""
    hidden = "" if rules.simulated else ", not shown: see nut.simulated"
    return f"Upskeep: {state.device}{where}" + (f" (simulated{hidden})" if state.simulated else "")
