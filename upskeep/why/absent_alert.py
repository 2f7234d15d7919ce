"""How near frames came to an alert that did not fire: what its rule saw of one key, and what that lacked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.alerter.core.alert_record import AlertRecord
from services.alerter.core.kinds.condition import Reading
from services.alerter.core.rules import Rule
from services.alerter.core.samples import Sample
from services.alerter.core.why_not_firing import looks_at, not_enough, not_long_enough
from shared.client.connect import ClientError
from shared.instants import time_to_us, us_to_time
from shared.messages import AlertState, Frame
from upskeep.why.chain import frame_link, stamp
from upskeep.why.links import Link

MOST_OTHERS = 5
MOST_EVENTS = 3
PATTERN = frozenset("*?[")


def events_of(rule: Rule) -> list[str]:
    """Return the types of the events that a rule waits for, where it names them."""
    return [name for name in rule.intake.names if rule.intake.source == "event" and not PATTERN & {*name}]


def rule_of_alert(rules: Iterable[Rule], name: str, key: str) -> Rule:
    """Return the rule of a name that judges a key; raises ClientError where there is none."""
    known = [*rules]
    found = [rule for rule in known if rule.name == name and rule.owns(key)]
    if not found:
        names = ", ".join(sorted({rule.name for rule in known}))
        raise ClientError(f"no rule {name} judges the key {key}; the rules are {names}")
    return max(found, key=lambda rule: len(rule.only or ""))


class AlertTally:
    """What a rule saw of one key between two times, and when that was nearest to its condition."""

    def __init__(self, rule: Rule, key: str, since: datetime | None, until: datetime | None) -> None:
        self.rule = rule
        self.key = key
        self.seen = 0
        self._since, self._until = since, until
        self._evidence: Any = rule.condition.begin()
        self._nearest: tuple[float, Reading, Frame] | None = None
        self._longest: tuple[timedelta, str, Frame] | None = None
        self._others: dict[str, None] = {}
        self._failed: str | None = None
        self._members: dict[str, str] = {}

    def counts(self, time: datetime) -> bool:
        """Whether it is a time that is asked about."""
        return (self._since is None or time >= self._since) and (self._until is None or time <= self._until)

    def observe(self, frame: Frame, samples: Iterable[Sample], records: Mapping[tuple[str, str], AlertRecord]) -> None:
        """Take what a frame came to; ``records`` are the alerts as they then stand."""
        counts = self.counts(frame.time)
        for sample in samples:
            if self._is_ours(sample):
                self._evidence = self.rule.condition.fold(self._evidence, sample, sample.time_us)
                self._note(frame, sample.time_us, counts)
        record = records.get((self.rule.name, self.key))
        if counts and record is not None and record.state is AlertState.PENDING:
            held = frame.time - us_to_time(record.since_us)
            if self._longest is None or held >= self._longest[0]:
                reading = self.rule.condition.reading(record.evidence, time_to_us(frame.time), self.key)
                self._longest = (held, reading.words, frame)
        for name in self.rule.composite.rules if counts and self.rule.composite is not None else ():
            states = {each.state.value for (rule, _), each in records.items() if rule == name and each.is_firing}
            self._members[name] = "fired" if states or self._members.get(name) == "fired" else "never fired"

    def links(self) -> list[Link]:
        """Return the chain, up to what was missing."""
        rule = self.rule
        about = Link("alert_rule", {"rule": rule.name, "looks_at": looks_at(rule), "wants": rule.wants})
        if self._longest is not None:
            held, words, frame = self._longest
            lacks = {"reads": words, "lacks": not_long_enough(rule, held), "until": stamp(frame.time)}
            return [frame_link(frame, frame.values), about, Link("missing.alert", lacks, ends=True)]
        if self._nearest is not None:
            _, reading, frame = self._nearest
            lacks = {"reads": f"at its nearest, {reading.words}", "lacks": not_enough(rule, reading)}
            return [frame_link(frame, frame.values), about, Link("missing.alert", lacks, ends=True)]
        return [about, Link("missing.alert", {"lacks": self._nothing()}, ends=True)]

    # ---- within

    def _is_ours(self, sample: Sample) -> bool:
        intake = self.rule.intake
        if not intake.listens(sample.source, sample.name):
            return False
        if not intake.takes(sample):
            unmet = next(test for test in intake.where if not test.holds(sample.field(test.name)))
            self._failed = f"{sample.name} failed its test {unmet}"
            return False
        group = self.rule.group(sample)
        if group is None or group[0] != self.key:
            self._others["no key: a label is missing" if group is None else group[0]] = None
            return False
        return True

    def _note(self, frame: Frame, now_us: int, counts: bool) -> None:
        if not counts:
            return
        self.seen += 1
        reading = self.rule.condition.reading(self._evidence, now_us, self.key)
        off = abs(reading.threshold - reading.value)
        if self._nearest is None or off < self._nearest[0]:
            self._nearest = (off, reading, frame)

    def _nothing(self) -> str:
        if self._members:
            return "; ".join(f"{name} {what}" for name, what in self._members.items())
        if self._others:
            others = [*self._others][:MOST_OTHERS]
            return f"nothing of the key {self.key} came; there was {', '.join(others)}"
        return f"nothing that it looks at came{f': {self._failed}' if self._failed else ''}"
