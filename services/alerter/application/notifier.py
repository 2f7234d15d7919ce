"""Notification: groups and silences over all alerts, notices into the outbox, and why other alerts are held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches

from services.alerter.adapters.repository import AlertRepository
from services.alerter.core.alert_set import AlertSet
from services.alerter.core.keys import AlertId, key_of
from services.alerter.core.limits import SILENCES
from services.alerter.core.notify.dispatch import Dispatcher, MuteContext, NotificationPlan, suppression_reason
from services.alerter.core.notify.groups import is_firing
from services.alerter.core.notify.inhibition import Inhibition
from services.alerter.core.notify.reach import reach_of, unrouted_receivers
from services.alerter.core.notify.silences import Silence, Silences
from services.alerter.core.notify.suppression import NoticeSink, SuppressionReason
from services.alerter.core.notify.trace import RouteStep, trace
from services.alerter.core.rendering import labels_of
from services.alerter.core.rules import Rule, known_labels
from shared.delivery.handler import RefusedError
from shared.instants import span_to_us
from shared.limits import LimitReports
from shared.messages import Alert

MOST_SILENCES_KEPT = 2000  # expired ones included: the oldest of these go first
REMINDED_FOR = timedelta(days=1)  # of a silence, where time passes with the events
EXPIRED_KEPT = timedelta(days=5)  # an expired silence can still be listed


class Notifier:
    """``alert_sets`` have the alerts; of an alert in several sets the first counts."""

    def __init__(
        self,
        plan: NotificationPlan,
        repository: AlertRepository,
        outbox: NoticeSink,
        alert_sets: Sequence[AlertSet],
        limits: LimitReports,
    ) -> None:
        self._plan = plan
        self._repository = repository
        self._box = outbox
        self._alert_sets = alert_sets
        self._limits = limits
        self._most_silences = SILENCES.most
        self._dispatcher = Dispatcher(plan, repository.groups(), limits)
        self._silences = Silences(repository.silences())
        self._inhibition = Inhibition(plan.inhibit)
        self.suppressed: Counter[SuppressionReason] = (
            Counter()
        )  # how often an alert was held back, by reason, since the start
        self.notices = 0

    @property
    def silences(self) -> tuple[Silence, ...]:
        """Every silence, expired ones included."""
        return self._silences.all

    @property
    def groups(self) -> int:
        """The number of groups."""
        return len(self._dispatcher.groups)

    def add(self, alert: Alert, now: datetime) -> None:
        """Add a firing alert to its groups."""
        self._dispatcher.insert(alert, now)

    def send_due(self, now: datetime) -> None:
        """Send the notices of every group that is due."""
        if not self._dispatcher.due(now):
            return
        notices, suppressed = self._dispatcher.flush_due(self._mute_context(now))
        self._box.put(notices)
        self.notices += len(notices)
        self.suppressed.update(suppressed.values())

    def dues(self, to: datetime) -> Iterator[datetime]:
        """Yield when groups fall due before ``to``, where time passes with the events; call ``send_due`` for each.

        After more than ``REMINDED_FOR`` without events the rest is due once, at the end, as after a day without power.
        """
        first: datetime | None = None
        while (due := self._dispatcher.next_due()) is not None and due < to:
            first = first or due
            yield due if due - first <= REMINDED_FOR else to - timedelta(microseconds=1)

    def suppression_of(self, alert: Alert, now: datetime) -> str | None:
        """Return why a firing alert would not be notified now, by its first route; None if it would."""
        if not is_firing(alert):
            return None
        route = next(self._plan.route.match(alert.labels), self._plan.route)
        reason = suppression_reason(self._plan, route, self._mute_context(now), (alert.rule, alert.key), alert)
        return None if reason is None else reason.value

    def trace(self, given: Mapping[str, str], now: datetime) -> tuple[Rule, Alert, list[RouteStep]]:
        """Return the rule, a made-up alert with these labels, and the routes that take it; raises RefusedError."""
        rule = self._rule_of(given)
        labels = {**given, **rule.labels, "rule": rule.name, "severity": rule.severity.value}
        key = key_of([labels.get(name) for name in rule.by])
        alert = Alert.model_validate(
            {
                "rule": rule.name,
                "key": key,
                "state": "firing",
                "severity": rule.severity,
                "since": now,
                "time": now,
                "value": 0,
                "threshold": 0,
                "window_s": 0,
                "reason": "test",
                "message": "a test",
                "labels": labels,
            }
        )
        steps = trace(self._plan, self._mute_context(now), (rule.name, key), alert, self._dispatcher.groups)
        return rule, alert, [*steps] if rule.notifies else []

    def unrouted(self) -> list[str]:
        """Return the receivers that no alert of these rules reaches."""
        rules = [rule for alert_set in self._alert_sets for rule in alert_set.rules]
        return unrouted_receivers(self._plan, reach_of(self._plan.route, known_labels(rules)))

    def _rule_of(self, given: Mapping[str, str]) -> Rule:
        rules = [rule for alert_set in self._alert_sets for rule in alert_set.rules]
        name = given.get("rule", "")
        found = [rule for rule in rules if rule.name == name and rule.only in (None, given.get("type"))]
        if found:
            return found[0]
        if limits := [rule.only for rule in rules if rule.name == name and rule.only]:
            raise RefusedError(f"the rule {name!r} is there for each type with a limit; add type={limits[0]}")
        near = get_close_matches(name, {rule.name for rule in rules}, n=1)
        meant = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted({r.name for r in rules}))}"
        raise RefusedError(f"there is no rule {name!r}; {meant}")

    def silence(self, silence: Silence, now: datetime) -> None:
        """Add a silence; raises RefusedError if there are too many."""
        if len([one for one in self.silences if one.ends > now]) >= self._most_silences:
            self._limits.note(SILENCES, silence.by, most=self._most_silences)
            raise RefusedError(f"there are {self._most_silences} silences; end some with `upskeep unsilence`")
        over = sorted((one for one in self.silences if one.ends <= now), key=lambda one: one.ends)
        gone = {one.id for one in over[: max(0, len(self.silences) + 1 - MOST_SILENCES_KEPT)]}
        self._repository.write_silences([silence], gone)
        self._silences = Silences([*(one for one in self.silences if one.id not in gone), silence])

    def unsilence(self, identity: str, now: datetime) -> Silence:
        """End a silence now; raises RefusedError if none with that id is in force or to come."""
        found = next((silence for silence in self.silences if silence.id.startswith(identity)), None)
        if found is None or found.ends <= now:
            raise RefusedError(f"there is no silence {identity!r} in force or to come; `upskeep silences` lists them")
        starts = min(found.starts, now - timedelta(microseconds=1))
        ended = found.model_copy(update={"starts": starts, "ends": now})
        self._replace([ended])
        return ended

    def forget(self, now: datetime) -> None:
        """Delete silences that expired long ago."""
        gone = [silence.id for silence in self.silences if silence.ends + EXPIRED_KEPT < now]
        if gone:
            self._repository.write_silences((), gone)
            self._silences = Silences(silence for silence in self.silences if silence.id not in gone)

    def shift(self, by: timedelta) -> None:
        """Move groups and lasting silences along with a step of the wall clock."""
        self._dispatcher.shift(by)
        moved = [
            silence.model_copy(update={"starts": silence.starts + by, "ends": silence.ends + by})
            for silence in self.silences
            if silence.lasting
        ]
        if moved:
            self._replace(moved)

    def flush(self) -> None:
        """Write the groups that have changed."""
        self._note_turned()
        for key in self._dispatcher.touched:
            self._repository.write_group(key, self._dispatcher.current(key))
        self._dispatcher.touched.clear()
        self._repository.join(self._dispatcher.joined())

    def _replace(self, silences: Iterable[Silence]) -> None:
        changed = {silence.id: silence for silence in silences}
        self._repository.write_silences(changed.values())
        self._silences = Silences(changed.get(silence.id, silence) for silence in self.silences)

    def _mute_context(self, now: datetime) -> MuteContext:
        self._note_turned()
        return MuteContext(now, self._alert, self._flaps, self._silences, self._inhibition)

    def _note_turned(self) -> None:
        """Update the inhibition with the alerts that began or ceased to fire."""
        for alert_set in self._alert_sets:
            for alert_id in alert_set.turned:
                record = alert_set.records.get(alert_id)
                if record is not None and record.is_firing:
                    self._inhibition.fires(alert_id, labels_of(alert_set.rule_at(alert_id), record))
                else:
                    self._inhibition.ends(alert_id)
            alert_set.turned.clear()

    def _alert(self, alert_id: AlertId) -> Alert | None:
        alert_set = self._alert_set(alert_id)
        return None if alert_set is None else alert_set.alert(alert_id)

    def _flaps(self, alert_id: AlertId) -> bool:
        alert_set = self._alert_set(alert_id)
        if alert_set is None:
            return False
        flapping = self._plan.flapping
        from_us = alert_set.reached_us(alert_id) - span_to_us(flapping.within)
        return sum(fired_us > from_us for fired_us in alert_set.records[alert_id].fires_us) >= flapping.fires

    def _alert_set(self, alert_id: AlertId) -> AlertSet | None:
        return next((alert_set for alert_set in self._alert_sets if alert_id in alert_set.records), None)


def reasons(suppressed: Mapping[SuppressionReason, int]) -> dict[str, int]:
    """Return the counts as figures for ``status/…``."""
    return {f"quiet_{reason.value}": number for reason, number in sorted(suppressed.items())}
