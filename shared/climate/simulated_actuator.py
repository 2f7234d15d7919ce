"""A simulated actuator: it speaks the template ``simulated``, keeps its lease, and can be broken on purpose."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.actuation import Outgoing

LONGEST = 4096  # bytes of an order


class Flaw(StrEnum):
    """What may be wrong with it."""

    NONE = "none"
    DEAD = "dead"  # it answers nothing and does nothing
    LYING = "lying"  # it acknowledges and does nothing
    STUCK_ON = "stuck_on"  # its relay has welded: it reports off and draws power


@dataclass(frozen=True, slots=True)
class SimulatedActuator:
    """``lease_until_s`` is when it goes to ``safe`` by itself; an order brings both."""

    name: str
    full_w: float = 100.0
    level: float = 0.0
    lease_until_s: float | None = None
    flaw: Flaw = Flaw.NONE
    safe: float = 0.0

    @property
    def topics(self) -> tuple[str, ...]:
        """What it listens to."""
        return (f"sim/{self.name}/set", f"sim/{self.name}/get")

    @property
    def power_w(self) -> float:
        """What it draws."""
        return self.full_w if self.flaw is Flaw.STUCK_ON else self.full_w * self.level

    def report(self) -> Outgoing:
        """Return its state as it reports it."""
        state = {"level": self.level, "power_w": self.power_w}
        return Outgoing(f"sim/{self.name}/state", json.dumps(state).encode())

    def receive(self, topic: str, payload: bytes, now_s: float) -> tuple[SimulatedActuator, tuple[Outgoing, ...]]:
        """Return it after a message, with its answers; what is no order of its own changes nothing."""
        if self.flaw is Flaw.DEAD or topic not in self.topics:
            return self, ()
        if topic.endswith("/get"):
            return self, (self.report(),)
        try:
            order = json.loads(payload[:LONGEST])
            level, command = float(order["level"]), str(order["command"])
            lease_s, safe = float(order.get("lease_s", 60.0)), float(order.get("safe", 0.0))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return self, ()
        if not all(map(math.isfinite, (level, lease_s, safe))):
            return self, ()
        acknowledged = Outgoing(f"sim/{self.name}/ack", json.dumps({"command": command}).encode())
        if self.flaw is Flaw.LYING:
            return self, (acknowledged,)
        level, safe = min(max(level, 0.0), 1.0), min(max(safe, 0.0), 1.0)
        after = replace(self, level=level, safe=safe, lease_until_s=None if level == safe else now_s + lease_s)
        return after, (acknowledged, after.report())

    def tick(self, now_s: float) -> tuple[SimulatedActuator, tuple[Outgoing, ...]]:
        """Return it by now, at its safe level where its lease has lapsed, with what it says of that."""
        if self.flaw is Flaw.DEAD or self.lease_until_s is None or now_s < self.lease_until_s:
            return self, ()
        after = replace(self, level=self.safe, lease_until_s=None)
        return after, (after.report(),)
