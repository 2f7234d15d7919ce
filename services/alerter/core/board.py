"""All alerts of all rules: who is touched by a sample, and who by passing time.

1. A sample reaches the rules that listen to its name, and of each the one alert whose key it has; passing time only
   those for which something falls due. So neither costs more for ten thousand alerts than for ten.
2. Time falls due in its order, whatever the order of the rules.
3. What fires or ends is told to the composites it is a member of, and judged there once time has passed it.
4. A rule has at most ``ROOM`` keys; what would be one more goes by the key ``others``, so nothing is lost from sight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from heapq import heapify, heappop, heappush

from services.alerter.core import watch
from services.alerter.core.keys import key_of
from services.alerter.core.life import Reason
from services.alerter.core.memory import Memory, move
from services.alerter.core.rules import Rule
from services.alerter.core.samples import Sample, Source
from services.alerter.core.telling import present
from shared.instants import time_to_us
from shared.messages import Alert, AlertState

ROOM = 20_000
OTHERS = "others"
Place = tuple[str, str]  # rule, key
_TELLS = {AlertState.FIRING: True, AlertState.RESOLVED: False}


class Board:
    """Memories by place. ``touched`` collects the places whose memory has changed since it was last emptied."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.memories: dict[Place, Memory] = {}
        self.touched: dict[Place, None] = {}
        self.dropped: dict[Place, None] = {}
        self.now_us: int | None = None
        self._rule_of: dict[Place, Rule] = {}
        self._listeners: dict[tuple[Source, str], tuple[Rule, ...]] = {}
        self._due: list[tuple[int, bool, Place]] = []  # when, whether a composite, who
        self._composites = [rule for rule in self.rules if rule.composite is not None]
        self._ahead: dict[Place, None] = {}  # composites that have been told of something
        self._keys: Counter[str] = Counter()
        self._expected = False

    # ---- who there is

    def rule_for(self, place: Place) -> Rule | None:
        """Return the rule of a place, None if there is none for it any more."""
        name, key = place
        fits = (rule for rule in self.rules if rule.name == name and rule.only in (None, key))
        return next(fits, None)

    def put(self, place: Place, rule: Rule, memory: Memory) -> None:
        """Take a memory that was kept."""
        self._rule_of[place] = rule
        if place not in self.memories:
            self._keys[rule.name] += 1
        self.memories[place] = memory
        self._schedule(place, rule, memory)
        if rule.composite is not None and memory.evidence.ahead:
            self._ahead[place] = None

    def drop(self, place: Place) -> None:
        """Forget an alert."""
        if self.memories.pop(place, None) is not None:
            self._keys[place[0]] -= 1
            self._rule_of.pop(place, None)
            self._ahead.pop(place, None)
            self.touched.pop(place, None)
            self.dropped[place] = None

    def listens(self, source: Source, name: str) -> bool:
        """Whether any rule looks at samples of that name."""
        return bool(self._who(source, name))

    def alert(self, place: Place) -> Alert | None:
        """Return an alert as it stands by now; None if it has never fired and does not wait to."""
        memory = self.memories[place]
        return present(self._rule_of[place], place[1], memory, memory.now_us)

    def reached_us(self, place: Place) -> int:
        """Return how far time has come for an alert."""
        return self._now(self.memories[place])

    def rule_at(self, place: Place) -> Rule:
        """Return the rule that a memory is judged by."""
        return self._rule_of[place]

    # ---- what happens

    def observe(self, sample: Sample) -> list[Alert]:
        """Take a sample; return the transitions."""
        if not self._expected:
            self._expect(sample.time_us)
        told: list[Alert] = []
        for rule in self._who(sample.source, sample.name):
            if rule.intake.takes(sample):
                key, labels = rule.group(sample)
                told += self._observe(rule, key, labels, sample)
        return told

    def advance(self, to_us: int) -> list[Alert]:
        """Time has reached ``to_us``; return what has fallen due, in its order."""
        if self.now_us is not None and to_us <= self.now_us:
            return []
        if not self._expected:
            self._expect(to_us)
        told = self._run(to_us)
        while waiting := [place for place in self._ahead if self._is_due(place, to_us)]:
            for place in sorted(waiting):
                told += self._catch_up(place, to_us)
            told += self._run(to_us)
        self.now_us = to_us
        return sorted(told, key=lambda alert: (alert.time, alert.rule, alert.key)) if len(told) > 1 else told

    def assume(self, to_us: int) -> list[Alert]:
        """Nothing comes any more, though it might be ``to_us`` by now: return what is absent by then."""
        told: list[Alert] = []
        for place, memory in list(self.memories.items()):
            rule = self._rule_of[place]
            due_us = watch.due(rule, memory) if rule.condition.begins is Reason.ABSENT else None
            if due_us is not None and due_us < to_us:
                told += self.change(place, partial(_advanced, to_us=due_us + 1))
        return told

    def hear(self, told: Iterable[Alert]) -> None:
        """Take what alerts of another board have told, for the composites here."""
        self._tell_composites(told)

    def change(self, place: Place, decide: Callable[[Rule, str, Memory], watch.Decision]) -> list[Alert]:
        """Let ``decide`` change one memory; return the transitions."""
        rule = self._rule_of[place]
        memory, told = decide(rule, place[1], self.memories[place])
        if memory is not self.memories[place]:
            self._keep(place, rule, memory)
        self._tell_composites(told)
        return list(told)

    def move(self, mover: Callable[[int], int]) -> None:
        """The clock jumped: everything is as long ago as before."""
        for place, memory in self.memories.items():
            self.memories[place] = move(memory, self._rule_of[place].condition, mover)
            self.touched[place] = None
        if self.now_us is not None:
            self.now_us = mover(self.now_us)
        self._reschedule()

    def sleepers(self, before_us: int) -> Iterator[Place]:
        """Yield the alerts of which nothing matters any more and that have told nothing since ``before_us``."""
        for place, memory in self.memories.items():
            told_us = memory.told.time_us if memory.told is not None else None
            if (told_us is None or told_us < before_us) and watch.idle(self._rule_of[place], memory, self._now(memory)):
                yield place

    # ---- within

    def _now(self, memory: Memory) -> int:
        times = [time_us for time_us in (memory.now_us, self.now_us) if time_us is not None]
        return max(times, default=0)

    def _who(self, source: Source, name: str) -> tuple[Rule, ...]:
        place = (source, name)
        if place not in self._listeners:
            if len(self._listeners) > ROOM:
                self._listeners.clear()
            self._listeners[place] = tuple(rule for rule in self.rules if rule.intake.listens(source, name))
        return self._listeners[place]

    def _observe(self, rule: Rule, key: str, labels: dict[str, str], sample: Sample) -> tuple[Alert, ...]:
        if rule.only not in (None, key):
            return ()
        place = (rule.name, key)
        memory = self.memories.get(place)
        if memory is None:
            if self._keys[rule.name] >= ROOM:
                key, labels = OTHERS, {}
                place = (rule.name, key)
            memory = self.memories.get(place) or watch.begin(rule, labels, self.now_us)
        elif self.now_us is not None and (memory.now_us is None or memory.now_us < self.now_us):
            memory, _ = watch.advance(rule, key, memory, self.now_us)  # nothing was due: it was run already
        changed, told = watch.observe(rule, key, memory, sample)
        if changed is not memory or place not in self.memories:
            self._keep(place, rule, changed)
        self._tell_composites(told)
        return told

    def _keep(self, place: Place, rule: Rule, memory: Memory) -> None:
        if memory.state is AlertState.RESOLVED and memory.told is None and watch.idle(rule, memory, self._now(memory)):
            self.drop(place)
            return
        self.touched[place] = None
        self.dropped.pop(place, None)
        self.put(place, rule, memory)

    def _schedule(self, place: Place, rule: Rule, memory: Memory) -> None:
        wakes_us = _wakes_us(rule, memory)
        if wakes_us is not None:
            heappush(self._due, (wakes_us, rule.composite is not None, place))
            if len(self._due) > 64 + 4 * len(self.memories):
                self._reschedule()

    def _reschedule(self) -> None:
        self._due = [
            (wakes_us, rule.composite is not None, place)
            for place, rule in self._rule_of.items()
            if (wakes_us := _wakes_us(rule, self.memories[place])) is not None
        ]
        heapify(self._due)

    def _run(self, to_us: int) -> list[Alert]:
        told: list[Alert] = []
        while self._due and self._due[0][0] < to_us:
            due_us, _, place = heappop(self._due)
            if place in self._ahead:  # what members told of the time before comes first
                told += self._catch_up(place, due_us + 1)
            memory, rule = self.memories.get(place), self._rule_of.get(place)
            if memory is None or rule is None:
                continue
            changed, more = watch.advance(rule, place[1], memory, due_us + 1)
            if changed is not memory:
                if more or changed.evidence != memory.evidence or changed.quiet_us != memory.quiet_us:
                    self._keep(place, rule, changed)
                else:
                    self.put(place, rule, changed)
            self._tell_composites(more)
            told += more
        return told

    def _tell_composites(self, told: Iterable[Alert]) -> None:
        for alert in told if self._composites else ():
            fires = _TELLS.get(alert.state)
            for rule in self._composites:
                if fires is None or rule.composite is None or alert.rule not in rule.composite.rules:
                    continue
                fields = {**alert.labels, "key": alert.key, "fires": fires}
                sample = Sample("alert", alert.rule, time_to_us(alert.time), fields)
                key, labels = rule.group(sample)
                place = (rule.name, key)
                memory = self.memories.get(place) or watch.begin(rule, labels, self.now_us)
                evidence = rule.composite.await_(memory.evidence, sample)
                self._ahead[place] = None
                self._keep(place, rule, replace(memory, evidence=evidence))

    def _is_due(self, place: Place, to_us: int) -> bool:
        return any(told[0] < to_us for told in self.memories[place].evidence.ahead)

    def _catch_up(self, place: Place, to_us: int) -> list[Alert]:
        """Judge a composite by what its members have told of the time before ``to_us``."""
        rule, told = self._rule_of[place], list[Alert]()
        memory = self.memories[place]
        passed = tuple(item for item in memory.evidence.ahead if item[0] < to_us)
        left = memory.evidence.ahead[len(passed) :]
        for time_us, name, key, fires in passed:
            sample = Sample("alert", name, time_us, {"key": key, "fires": fires})
            memory, more = watch.observe(rule, place[1], memory, sample)
            told += more
        memory = replace(memory, evidence=replace(memory.evidence, ahead=left))
        if not left:
            del self._ahead[place]
        self._keep(place, rule, memory)
        return told

    def _expect(self, from_us: int) -> None:
        """What is expected is waited for from the first moment that is known."""
        self._expected = True
        for rule in self.rules:
            for group in rule.expects:
                key, labels = key_of(group), rule.labelled(list(group))
                if (rule.name, key) not in self.memories:
                    self._observe(rule, key, labels, Sample("event", "", from_us, {}))


def _advanced(rule: Rule, key: str, memory: Memory, to_us: int) -> watch.Decision:
    return watch.advance(rule, key, memory, to_us)


def _wakes_us(rule: Rule, memory: Memory) -> int | None:
    """Return when something falls due: a transition, a change of what is shown, or the end of what is remembered."""
    due_us = watch.due(rule, memory)
    oldest_us: tuple[int, ...] = getattr(memory.evidence, "times_us", ())[:1]
    window_us = round(rule.condition.window_s * 1e6)
    if oldest_us and (memory.alight or memory.told is None):
        leaves_us = oldest_us[0] + window_us
        if memory.now_us is None or leaves_us >= memory.now_us:
            return leaves_us if due_us is None else min(due_us, leaves_us)
    if due_us is not None or memory.told is not None or memory.now_us is None or rule.composite is not None:
        return due_us
    return memory.now_us + window_us if window_us else None
