"""A clock that steps while a hostile neighbour forges and floods: what was counted does not show that it was there.

The neighbour sends what the broker's rights let its user send, under its own name (docs/rights.md): the least user's
offers, or the frames, statuses and answers of a rogue reader, of any time and with clock steps of its own.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from services.counter_store.app import ROUTE as STORE
from shared.kinds import KINDS
from shared.mqtt import Publication
from tests.hostile.grammar import Grammar
from tests.hostile.rights import LEAST
from tests.support.clock_house import OUTAGES, QUIET, SUITE, House
from tests.support.clock_world import WATCHED, Poll

ROGUE = "sensor_reader-fuzz"
PER_POLL = 8
STEPS = {3: 10_800.0, 20: -100_000.0, 40: 1.0e8, 60: -1.0e8 - 5}
FORWARD_AND_BACK = [*OUTAGES, *QUIET]


class Attacker:
    """One user that sends bad messages of every kind it may publish, and clock jumps."""

    def __init__(self, house: House, user: str, seed: int) -> None:
        self.house, self.user = house, user
        self.grammar = Grammar(seed, SUITE.topics)
        self.kinds = ("ingest", *(kind.name for kind in KINDS.values() if kind.spoken_by(user)))
        self.sent = 0

    def attack(self) -> None:
        """Send a handful."""
        for _ in range(PER_POLL):
            bad = self.grammar.next(self.kinds, self.user)
            if bad.speaker == self.user:
                self._send(bad.topic, bad.payload)
        self._send(SUITE.topics.build("ingest", self.user), self._offer(step_s=1e9))
        self.sent += 1
        if self.user == ROGUE:
            self._send(SUITE.topics.build("stream", self.user, "raw"), self._frame(self.sent))

    def _send(self, topic: str, payload: bytes) -> None:
        self.house.broker.route(Publication(topic, payload))

    def _offer(self, **data: Any) -> bytes:
        return json.dumps({"type": "CLOCK_JUMP", "id": f"j{self.sent}", "data": data}).encode()

    def _frame(self, seq: int) -> bytes:
        values = {"clock_step_s": 1e9 if seq % 2 else -1e9}
        time = self.house.world.wall().isoformat()
        frame = {"producer": self.user, "epoch": "own", "seq": seq, "time": time, "device": "evil", "values": values}
        return json.dumps(frame).encode()


def play(polls: list[Poll], steps: dict[int, float], user: str | None = None, seed: int = 0) -> dict[str, Any]:
    """Play polls with a neighbour; returns what it came to of the house's own device and types."""
    with ExitStack() as stack:
        house = House(stack)
        house.turn()
        attacker = Attacker(house, user, seed) if user else None
        for number, poll in enumerate(polls):
            if attacker is not None:
                attacker.attack()
            house.poll(poll, steps.get(number, 0.0))
        house.settle()
        result = house.result()
        ids = house.ledgers[STORE.name].db.execute(
            "SELECT count(*), count(DISTINCT id) FROM event WHERE device = 'ups'"
        )
        return {
            "events": [event for event in result.events if event[1] == "ups"],
            "windows": {name: result.counters[name] for name in WATCHED if name in result.counters},
            "totals": {name: result.counters[name][0] for name in WATCHED if name in result.counters},
            "alerts": {key: found for key, found in result.transitions.items() if key.split("/")[1] in WATCHED},
            "once": len(set(ids.fetchone())) == 1,
            "attacked": attacker is not None and attacker.sent,
        }


@cache
def calm(*, steps: bool) -> dict[str, Any]:
    """What comes of it where nobody attacks."""
    return play(FORWARD_AND_BACK, STEPS if steps else {})


def test_the_scene_has_something_to_lose() -> None:
    """Ten outages; the steps of the clock alone lose none of them."""
    assert (10, 4, 10) == calm(steps=False)["windows"]["AC_POWER_LOSS"]
    assert calm(steps=False) == calm(steps=True)


@pytest.mark.parametrize("seed", range(2))
def test_the_least_user_changes_nothing(seed: int) -> None:
    """Not a count, a window, an alert or an event's place in time, while the clock steps forward and back by years."""
    found = play(FORWARD_AND_BACK, STEPS, LEAST, seed)

    assert calm(steps=True) | {"attacked": len(FORWARD_AND_BACK)} == found


def test_a_rogue_reader_loses_and_doubles_nothing() -> None:
    """With two readers nobody's clock is the site's: windows and what is old go by each one's own (ADR 0008)."""
    found = play(FORWARD_AND_BACK, STEPS, ROGUE)

    assert found["once"]
    assert calm(steps=True)["totals"] == found["totals"]
