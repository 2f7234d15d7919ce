"""The alerter's work between delivery and core: which rules an event touches, and what goes to ledger and topics.

1. A rule's memory stands in the ledger under ``rule/{name}/{key}``, written with the batch that changed it, so
   a restart goes on where the last batch ended.
2. ``alert/…`` is retained once a rule has fired: while it fires with the count by now, then as resolved.
3. Where the wall clock jumped (``CLOCK_JUMP``) all that is remembered moves along, so that counts, and with them
   alerts, are as if it had always been right. Transitions that have been told keep their times.
4. An event is counted if its id has not been heard, so a producer that was rebuilt repeats nothing.
5. Events marked ``replayed`` in their metadata are history: they raise no alert.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.alerter.adapters import heard, journal
from services.alerter.adapters.heard import Heard
from services.alerter.adapters.journal import Journal
from services.alerter.core.decide import Decision, adopt, advance, observe, present, retire
from services.alerter.core.memory import Memory, from_json, move, moved_us, to_json
from services.alerter.core.rules import Rule
from shared.delivery.stage import Outlet
from shared.instants import time_to_us, us_to_time
from shared.jumps import CLOCK_JUMP, Jump, read_jump
from shared.ledger import Ledger
from shared.messages import Alert, AlertState, Event, Message, Sequenced

LEDGER_SCHEMA = journal.SCHEMA + heard.SCHEMA  # the tables to open the ledger with

_TIMELINE = {"rule", "key", "state", "time", "value", "threshold", "severity", "reason"}
_ADVANCED = "event_time_us"


class Alerter:
    """The alerter's Stage. Open its ledger with ``LEDGER_SCHEMA`` and call ``announce`` once at start."""

    def __init__(self, rules: Iterable[Rule], ledger: Ledger, outlet: Outlet) -> None:
        self._rules = {_place(rule.name, rule.key): rule for rule in rules}
        self._places: dict[str, list[str]] = {}
        for place, rule in self._rules.items():
            self._places.setdefault(rule.key, []).append(place)
        self._ledger = ledger
        self._journal = Journal(ledger)
        self._heard = Heard(ledger)
        self._outlet = outlet
        self._memories = {place: from_json(text) for place, text in ledger.items("rule/")}
        advanced = ledger.get(_ADVANCED)
        self._advanced_us = None if advanced is None else int(advanced)
        self._touched: set[str] = set()
        self._transitions: list[Alert] = []
        self._shown: dict[str, Alert] = {}
        self._lost: Counter[tuple[str, str]] = Counter()

    def announce(self) -> None:
        """Judge what is remembered by the rules as they now are, and retain every known alert again."""
        for place in [*self._memories]:
            rule, memory = self._rules.get(place), self._memories[place]
            self._keep(place, memory, retire(memory) if rule is None else adopt(rule, memory))
        self._shown.clear()
        if self._advanced_us is not None:
            self.advance(us_to_time(self._advanced_us))
        self.flush()

    def apply(self, message: Sequenced) -> None:
        """Count an event by the rules for its type; anything else is not for the alerter."""
        if not isinstance(message, Event) or message.metadata.get("replayed") is True:
            return
        if message.type == CLOCK_JUMP and (jump := read_jump(message.data)) is not None:
            self._jump(jump)
        places = self._places.get(message.type, ())
        if not places or not self._heard.is_new(message.id):
            return
        for place in places:
            memory = self._memories.get(place) or Memory(now_us=self._advanced_us)
            self._keep(place, memory, observe(self._rules[place], memory, message.time))

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:
        """Nothing is offered to the alerter."""

    def advance(self, event_time: datetime) -> None:
        """Resolve what has ended before ``event_time``."""
        time_us = time_to_us(event_time)
        self._advanced_us = time_us if self._advanced_us is None else max(self._advanced_us, time_us)
        for place, rule in self._rules.items():
            if (memory := self._memories.get(place)) is not None:
                self._memories[place], resolved = advance(rule, memory, event_time)
                if resolved:  # event time alone is not worth a write per rule
                    self._note(place, resolved)

    def flush(self) -> None:
        """Write touched memories and new transitions, and retain the alerts that look different now."""
        with self._ledger.transaction():
            if self._touched:
                self._heard.forget()
            for place in sorted(self._touched):
                self._ledger.put(place, to_json(self._memories[place]))
            if self._advanced_us is not None:
                self._ledger.put(_ADVANCED, str(self._advanced_us).encode())
            if self._transitions:
                self._journal.write(self._transitions)
        self._touched.clear()
        self._transitions.clear()
        for place, alert in self._present().items():
            if self._shown.get(place) != alert:
                self._shown[place] = alert
                self._outlet.retain(alert)

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Remember how many messages went uncounted."""
        self._lost[producer, stream] += last - first + 1

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """How many rules there are, how many alerts fire, how many messages were lost since the start."""
        firing = sum(memory.state is AlertState.FIRING for memory in self._memories.values())
        return {"rules": len(self._rules), "alerts_firing": firing, "messages_lost": self._lost.total()}

    def snapshot(self) -> list[Alert]:
        """Return every alert that ever fired, as it stands now, by rule and key."""
        return list(self._present().values())

    def timeline(self) -> list[dict[str, Any]]:
        """Return the written transitions in order of time, as JSON-ready rows; at most the newest 10,000."""
        return [alert.model_dump(mode="json", include=_TIMELINE) for alert in self._journal.read()]

    def _jump(self, jump: Jump) -> None:
        self._memories = {place: move(memory, jump) for place, memory in self._memories.items()}
        self._touched |= self._memories.keys()
        if self._advanced_us is not None:
            self._advanced_us = moved_us(self._advanced_us, jump)

    def _present(self) -> dict[str, Alert]:
        alerts = {}
        for place, memory in sorted(self._memories.items()):
            rule = self._rules.get(place)
            alert = memory.alert if rule is None else present(rule, memory)
            if alert is not None:
                alerts[place] = alert
        return alerts

    def _keep(self, place: str, before: Memory, decision: Decision) -> None:
        memory, transitions = decision
        if memory is not before:
            self._memories[place] = memory
            self._note(place, transitions)

    def _note(self, place: str, transitions: tuple[Alert, ...]) -> None:
        self._touched.add(place)
        self._transitions += transitions


def _place(name: str, key: str) -> str:
    return f"rule/{name}/{key}"
