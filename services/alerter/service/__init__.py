"""The alerter's work between delivery and core: what happens, what it means for the alerts, and who is told.

1. Events are judged by their times: their alerts are the same live, after a restart and in a replay. Whatever follows
   from latest values, life signs or the passing of wall-clock time alone is judged by the clock here; its alerts say
   ``live`` as their basis.
2. Absence goes by event time too. When nothing at all comes any more, event time stands still, and how long nothing
   came (``Pace``) takes its place for absence alone: such an alert has the very time it would have had.
3. All that a batch changed commits with it: memories, transitions, notices, commands.
4. An event is judged if its id has not been heard, so a producer that was rebuilt repeats nothing. Events marked
   ``replayed`` in their metadata are history: they raise no alert and move nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from services.alerter.adapters import heard, journal, kept, notices, older
from services.alerter.adapters.heard import Heard
from services.alerter.adapters.journal import Journal
from services.alerter.adapters.kept import Kept
from services.alerter.core import watch
from services.alerter.core.actions import Cause, Do, command_for, zone_of
from services.alerter.core.board import Board, Place
from services.alerter.core.memory import Memory
from services.alerter.core.notify.dispatch import Plan
from services.alerter.core.notify.notice import Quiet
from services.alerter.core.notify.routes import Receiver
from services.alerter.core.rules import Rule
from services.alerter.core.samples import event_sample, service_sample, state_sample
from services.alerter.core.telling import orphan_of
from services.alerter.service import desk
from services.alerter.service.mailroom import NOWHERE, Mailroom, Ways
from services.alerter.service.pace import Pace
from services.alerter.service.stops import Stops
from services.alerter.service.teller import Teller, reasons
from services.alerter.settings.notify import DEFAULT_ROUTE
from shared.delivery.handler import Publisher, RefusedError
from shared.instants import time_to_us, us_to_time
from shared.jumps import CLOCK_JUMP, read_jump
from shared.ledger import Ledger
from shared.messages import Alert, AlertState, DeviceState, Event, Message, Sequenced, Status
from shared.requests import Command

LEDGER_SCHEMA = journal.SCHEMA + heard.SCHEMA + kept.SCHEMA + notices.SCHEMA  # the tables to open the ledger with

_TIMELINE = {"rule", "key", "state", "time", "value", "threshold", "severity", "reason"}
_ADVANCED = "event_time_us"
CLEAN_S = 60.0
EMPTIED_KEPT_US = 3_600_000_000
PLAN = Plan(DEFAULT_ROUTE, {DEFAULT_ROUTE.receiver: Receiver(DEFAULT_ROUTE.receiver)})


@dataclass(frozen=True, slots=True)
class Manner:
    """How it goes about its work, besides the rules. ``by_events``: for whom time passes only with the events."""

    plan: Plan = PLAN
    ways: Ways = NOWHERE
    stop_targets: tuple[str, ...] = ()
    resolved_for: timedelta = timedelta(days=1)
    idle_grace: timedelta = timedelta(seconds=30)
    by_events: bool = True


class Alerter:
    """The alerter's Stage. Open its ledger with ``LEDGER_SCHEMA`` and call ``announce`` once at start."""

    def __init__(
        self,
        rules: Iterable[Rule],
        ledger: Ledger,
        outlet: Publisher,
        manner: Manner = Manner(),
        clock: Callable[[], datetime] = lambda: datetime.fromtimestamp(0, UTC),
    ) -> None:
        rules = tuple(rules)
        self._manner = manner
        self._clock = clock
        self._events = Board(rule for rule in rules if not rule.live)
        self._live = Board(rule for rule in rules if rule.live)
        self._boards = (self._events, self._live)
        self._ledger = ledger
        self._kept = Kept(ledger)
        self._journal = Journal(ledger)
        self._heard = Heard(ledger)
        self._outlet = outlet
        self.mailroom = Mailroom(ledger, outlet, manner.ways)
        self._stops = Stops(self._kept, outlet, manner.stop_targets)
        self._orphans: dict[Place, Memory] = {}  # of rules that are no more
        advanced = ledger.get(_ADVANCED)
        self._events.now_us = self._written_us = None if advanced is None else int(advanced)
        self._recall()
        self._teller = Teller(manner.plan, self._kept, self.mailroom, self._boards)
        self._pace = Pace()
        self._cleaned: datetime | None = None
        self._counted = False
        self._transitions: list[Alert] = []
        self._shown: dict[Place, int] = {}
        self._lost: Counter[tuple[str, str]] = Counter()

    # ---- the beginning

    def announce(self) -> None:
        """Judge what is remembered by the rules as they now are, and retain every known alert again."""
        for board in self._boards:
            for place in [*board.memories]:
                self._take(board, board.change(place, watch.adopt))
                board.touched[place] = None
        for place, memory in self._orphans.items():
            self._orphans[place], told = watch.retire(place, memory)
            self._transitions += told
            self._kept.write(place, self._orphans[place])
        self._shown.clear()
        for rule, key in self._kept.emptied(0):
            self._outlet.clear("alert", rule, key)
        self._stops.announce()
        self.flush()

    def _recall(self) -> None:
        with self._ledger.transaction():
            for place, memory in older.take_over(self._ledger):
                self._kept.write(place, memory)
        for place, memory in self._kept.memories(self._condition):
            board = self._board_for(place)
            rule = None if board is None else board.rule_for(place)
            if board is None or rule is None:
                self._orphans[place] = memory
            else:
                board.put(place, rule, memory)

    def _board_for(self, place: Place) -> Board | None:
        return next((board for board in self._boards if board.rule_for(place) is not None), None)

    def _condition(self, place: Place) -> Any:
        board = self._board_for(place)
        rule = None if board is None else board.rule_for(place)
        return None if rule is None else rule.condition

    # ---- what arrives

    def apply(self, message: Sequenced) -> None:
        """Judge an event by the rules that listen to it; anything else is not for the alerter."""
        if not isinstance(message, Event) or message.metadata.get("replayed") is True:
            return
        self._pace.busy = True
        if message.type == CLOCK_JUMP and (jump := read_jump(message.data)) is not None:
            self._events.move(lambda time_us: time_to_us(jump.moved(us_to_time(time_us))))
            if self._manner.by_events:
                self._teller.shift(jump.step)
        if self._events.listens("event", message.type) and self._heard.is_new(message.id):
            self._counted = True
            self._catch_up(message.time)
            self._take(self._events, self._events.observe(event_sample(message)))

    def follow(self, message: Message, *, retained: bool = False) -> None:  # noqa: ARG002 - its time says its age
        """Look at a device's state, or a service's life sign."""
        if isinstance(message, DeviceState):
            self._take(self._events, self._events.observe(state_sample(message)))
        elif isinstance(message, Status):
            now_us = time_to_us(self._clock())
            self._take(self._live, self._live.observe(service_sample(message, now_us)))

    def advance(self, event_time: datetime) -> None:
        """Decide what has fallen due before ``event_time``."""
        self._pace.busy = True
        if self._manner.by_events:
            while (due := self._teller.next_due(event_time)) is not None:
                self._take(self._events, self._events.advance(time_to_us(due)))
                self._teller.look(due)
        self._take(self._events, self._events.advance(time_to_us(event_time)))

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Remember how many messages went unjudged."""
        self._lost[producer, stream] += last - first + 1

    # ---- the time that passes here

    def tick(self, now: datetime, monotonic_s: float, connected: bool) -> None:
        """Do what is due by the wall clock: ``now``. Whoever is paced by events has no such time."""
        step = self._pace.tick(now, monotonic_s, connected)
        if step:
            step_us = step // timedelta(microseconds=1)
            self._live.move(lambda time_us: time_us + step_us)
            self._teller.shift(step)
            self.mailroom.notices.shift(step)
        idle_s = self._pace.idle_s - self._manner.idle_grace.total_seconds()
        if idle_s > 0 and self._events.now_us is not None:
            self._take(self._events, self._events.assume(self._events.now_us + round(idle_s * 1e6)))
        self._take(self._live, self._live.advance(time_to_us(now)))
        self._teller.look(now)
        if self._cleaned is None or abs((now - self._cleaned).total_seconds()) >= CLEAN_S:
            self._cleaned = now
            self._clean(now)

    def _clean(self, now: datetime) -> None:
        """Let go of what resolved long ago, and empty its topics."""
        before = now - self._manner.resolved_for
        now_us, before_us = time_to_us(now), time_to_us(before)
        self._kept.emptied(now_us - EMPTIED_KEPT_US)
        for board in self._boards:
            for place in list(board.sleepers(before_us)):
                board.drop(place)
                self._empty(place, now_us)
        told = ((place, memory.told) for place, memory in self._orphans.items())
        for place in [place for place, last in told if last is None or last.time_us < before_us]:
            del self._orphans[place]
            self._kept.drop(place)
            self._empty(place, now_us)
        self._stops.forget(before)
        self._teller.forget(now)

    def _empty(self, place: Place, now_us: int) -> None:
        if self._shown.pop(place, None):
            self._outlet.clear("alert", *place)
            self._kept.note_emptied(place, now_us)

    # ---- what comes of it

    def _take(self, board: Board, told: Iterable[Alert]) -> None:
        """Note transitions, tell the other board's composites, and do what each alert that fires is for."""
        for alert in told:
            self._transitions.append(alert)
            now = alert.time if self._manner.by_events else self._clock()
            self._catch_up(alert.time)
            if board is self._events:
                self._live.hear([alert])
            if alert.state is AlertState.FIRING:
                self._act(board.rule_at((alert.rule, alert.key)), alert, now)

    def _catch_up(self, to: datetime) -> None:
        """Tell of what was due before ``to``, where time passes with the events."""
        while self._manner.by_events and (due := self._teller.next_due(to)) is not None:
            self._teller.look(due)

    def _act(self, rule: Rule, alert: Alert, now: datetime) -> None:
        labels = {**alert.labels, "key": alert.key}
        cause = Cause(alert.rule, alert.key, alert.time, alert.message, labels)
        for number, action in enumerate(rule.actions):
            if action.do is Do.NOTIFICATION:
                self._teller.take(alert, now)
            elif action.do is Do.EMERGENCY_STOP:
                stop = self._stops.call(zone_of(action, labels), cause, now)
                self._transitions += [] if stop is None else [stop]
            elif (command := command_for(action, cause, number)) is not None:
                self._outlet.emit(command)
        if not any(action.do is Do.NOTIFICATION for action in rule.actions):
            self._teller.quiet[Quiet.NOT_WANTED] += 1

    def flush(self) -> None:
        """Write what was touched, and retain the alerts that look different now."""
        with self._ledger.transaction():
            if self._counted:
                self._heard.forget()
                self._counted = False
            for board in self._boards:
                self._flush(board)
            for place, memory in self._orphans.items():
                self._show(place, orphan_of(*place, memory) if memory.fired else None)
            if self._events.now_us is not None and self._events.now_us != self._written_us:
                self._written_us = self._events.now_us
                self._ledger.put(_ADVANCED, str(self._written_us).encode())
            if self._transitions:
                self._journal.write(self._transitions)
                self._transitions.clear()
            self._teller.flush()

    def _flush(self, board: Board) -> None:
        for place in board.dropped:
            self._kept.drop(place)
        for place in board.touched:
            self._kept.write(place, board.memories[place])
            self._show(place, board.alert(place))
        board.dropped.clear()
        board.touched.clear()

    def _show(self, place: Place, alert: Alert | None) -> None:
        """Retain an alert if it looks different; the topic of one that waited and never fired is emptied."""
        if alert is None:
            self._empty(place, self._events.now_us or 0)
        elif self._shown.get(place) != (look := hash(alert.model_dump_json())):
            self._shown[place] = look
            self._outlet.retain(alert)

    # ---- what is to be seen of it

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Rules, alerts by state, notices and why none was given, stops, and losses since the start."""
        memories = [memory for board in self._boards for memory in board.memories.values()]
        states = Counter(memory.state for memory in memories)
        return {
            "rules": sum(len(board.rules) for board in self._boards),
            "alerts_firing": states[AlertState.FIRING],
            "alerts_pending": states[AlertState.PENDING],
            "alerts_acknowledged": states[AlertState.ACKNOWLEDGED],
            "stops": self._stops.standing,
            "notices": self._teller.notices,
            "messages_lost": self._lost.total(),
            **reasons(self._teller.quiet),
        }

    def snapshot(self) -> list[Alert]:
        """Return every alert that has ever fired or waits to, as it stands now, by rule and key."""
        found = [alert for board in self._boards for place in board.memories if (alert := board.alert(place))]
        found += [orphan_of(*place, memory) for place, memory in self._orphans.items() if memory.fired]
        return sorted([*found, *self._stops.all.values()], key=lambda alert: (alert.rule, alert.key))

    def timeline(self) -> list[dict[str, Any]]:
        """Return the written transitions in order of time, as JSON-ready rows; at most the newest 10,000."""
        return [alert.model_dump(mode="json", include=_TIMELINE) for alert in self._journal.read()]

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a question of ``desk``; raises RefusedError on any other."""
        return desk.answer(self, self._teller, self.mailroom.notices, name, data, self._clock())

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Do a command of ``desk``; raises RefusedError."""
        return desk.obey(self, self._teller, self.mailroom, command, self._clock())

    def acknowledge(self, place: Place, by: str, comment: str | None, now: datetime) -> Alert:
        """Note that a person has seen an alert; raises RefusedError where it does not fire."""
        board = next((board for board in self._boards if place in board.memories), None)
        state = None if board is None else board.memories[place].state
        if board is None or state is not AlertState.FIRING:
            why = "is not there" if state is None else _WHY_NOT[state]
            raise RefusedError(f"{'/'.join(place)} {why}; `upskeep alerts` lists those that fire")
        at_us = max(time_to_us(now), board.memories[place].since_us)
        told = board.change(place, partial(watch.acknowledge, at_us=at_us, by=by, comment=comment))
        self._take(board, told)
        return told[-1]

    def lift(self, zone: str, by: str, why: str, now: datetime) -> Alert:
        """Lift an emergency stop; raises RefusedError where there is none."""
        lifted = self._stops.lift(zone, by, why, now)
        self._transitions.append(lifted)
        return lifted


_WHY_NOT = {
    AlertState.ACKNOWLEDGED: "has been acknowledged already",
    AlertState.PENDING: "only waits to fire",
    AlertState.RESOLVED: "has resolved",
}
