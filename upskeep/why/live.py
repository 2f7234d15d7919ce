"""Chains out of a running suite: what its services keep, and the rules of the configuration at hand.

No service keeps frames. So a chain begins at the event's own data, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services.alerter.core.rules import Rule
from services.alerter.core.samples import event_sample
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.tracing.goals import Goal, goals_of
from shared.client.connect import ClientError
from shared.event_text.texts import EventTexts
from shared.messages import Event
from upskeep.playback.backtest import Stages
from upskeep.why.absent_alert import MOST_EVENTS, events_of
from upskeep.why.chain import Chain, rule_of, stamp, test_data
from upskeep.why.explain import correlation, title_of
from upskeep.why.links import Link
from upskeep.why.replay import keys_of

Ask = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]
NO_FRAMES = "the running suite keeps no frames (`upskeep record` does, then --recording is exact)"
ALL_STATES = ("pending", "firing", "acknowledged", "resolved")
PAGE = 500


class Suite:
    """A running suite that answers questions; ``stages`` are the settings that it is taken to run by."""

    def __init__(self, ask: Ask, stages: Stages) -> None:
        self._ask = ask
        self.compiled: CompiledRules = stages.plan.compiled
        self.rules: tuple[Rule, ...] = tuple(stages.alerting.rules())
        self._texts: EventTexts = stages.alerting.texts

    def event(self, identity: str) -> Event:
        """Return a counted event by its id; raises ClientError where there is none."""
        return Event.model_validate(self._ask("counter_store", "related", {"id": identity, "limit": 1})["event"])

    def newest(self, event_type: str, since: datetime | None, until: datetime | None) -> Event | None:
        """Return the newest event of a type within a time."""
        span = {name: stamp(at) for name, at in (("since", since), ("until", until)) if at is not None}
        question = {"types": [event_type], "limit": 1, **span}
        found = self._ask("counter_store", "history", question)["events"]
        return Event.model_validate(found[0]) if found else None

    def event_chain(self, event: Event) -> Chain:
        """Return the chain of a counted event."""
        links = [*self._origin(event), Link("filter"), correlation(event)]
        looks = [*keys_of(self.rules, event_sample(event, self._texts))]
        if not looks:
            links.append(Link("no_alert", ends=True))
        for rule, key in looks:
            links += self._alert(rule.name, key)
        return Chain(title_of(event), tuple(links))

    def alert_chain(self, rule: str, key: str) -> Chain:
        """Return the chain of an alert that fires, or is remembered."""
        return Chain(f"alert {rule}/{key}", (Link("no_frame", {"because": NO_FRAMES}), *self._alert(rule, key)))

    def absent_chains(
        self, event_type: str, device: str | None, since: datetime | None, until: datetime | None
    ) -> list[Chain]:
        """Return why an event did not come, as far as the rules say; or that it did."""
        event = self.newest(event_type, since, until)
        if event is not None and device in (None, event.device):
            chain = self.event_chain(event)
            happened = Link("happened", {"time": stamp(event.time), "id": event.id})
            return [Chain(chain.title, (happened, *chain.links))]
        goals = goals_of(self.compiled, device or "", event_type)
        ways = [rule_of(goal) for goal in goals]
        end = Link("frames_gone", {"because": NO_FRAMES}, ends=True)
        unknown = Link("missing.no_rule", {"device": device or "any device", "type": event_type}, ends=True)
        return [Chain(f"no {event_type}", (*ways, end) if ways else (unknown,))]

    def absent_alert_chain(self, rule: str, key: str) -> Chain:
        """Return why an alert does not fire by now, and why the event did not come that it would have fired for."""
        stands = self._ask("alerter", "standing", {"rule": rule, "key": key})
        links = [Link("alert_rule", stands)]
        if not stands["lacks"]:
            fired = Link("fired", {"state": stands["state"], "since": stands["since"]})
            return Chain(f"alert {rule}/{key}", (fired, *links, *self._alert(rule, key)))
        links.append(Link("missing.alert", stands, ends=True))
        known = next((each for each in self.rules if each.name == rule and each.owns(key)), None)
        for name in events_of(known)[:MOST_EVENTS] if known is not None and not stands["reads"] else ():
            links += [link for chain in self.absent_chains(name, None, None, None) for link in chain.links]
        return Chain(f"no alert {rule}/{key}", tuple(links))

    def shutdown_chain(self, service: str) -> Chain:
        """Return a host agent's plan of its shutdown."""
        plan = self._ask(service, "plan", {})
        last = plan.get("last_shutdown") or {}
        texts = [f"the host agent is {plan['phase'].replace('_', ' ')}" + (f": {plan['why']}" if plan["why"] else "")]
        texts += [f"the last shutdown was at {last.get('time', '?')}: {last.get('why', '?')}"] if last else []
        texts += [f"{row['device']}: {row['policy']} {_due(row['in_s'])}" for row in plan["policies"]]
        links = [Link("shutdown", {"text": text}) for text in texts]
        links += [Link("shutdown", {"text": f"held up by {text}"}, ends=True) for text in plan["obstacles"]]
        cause = self._requested()
        return Chain(f"shutdown of {plan['host']}", (*cause, *links))

    # ---- within

    def _requested(self) -> list[Link]:
        """Return the event of the last shutdown; a host's agent decides without a counter_store, too."""
        try:
            asked = self.newest("SHUTDOWN_REQUESTED", None, None)
        except ClientError:
            return []
        return [] if asked is None else [Link("cause", _of_event(asked))]

    def _origin(self, event: Event) -> list[Link]:
        offered = event.metadata.get("offered_by")
        goals = [goal for goal in goals_of(self.compiled, event.device or "", event.type) if _may_be(goal, event)]
        if offered or not goals:
            return [Link("offered", {"by": offered or event.data.get("service")})]
        links = [Link("no_frame", {"because": NO_FRAMES}), *map(rule_of, goals)]
        values = [
            test_data(test) | {"value": value}
            for goal in goals
            for test in goal.tests
            if (value := _value(event, test.channel)) is not None
        ]
        links += [Link("value", {"tests": values})] if values else []
        since = event.data.get("since")
        if isinstance(since, str):
            held_s = (event.time - datetime.fromisoformat(since)).total_seconds()
            dwell_s = _dwell_s(goals[0])
            if dwell_s is not None:
                links.append(Link("dwell", {"held_s": held_s, "dwell_s": dwell_s, "since": since}))
        return links

    def _alert(self, rule: str, key: str) -> list[Link]:
        question = {"states": list(ALL_STATES), "matchers": [f'rule="{rule}"'], "limit": PAGE}
        found = self._ask("alerter", "alerts", question)["alerts"]
        alert = next((each for each in found if each["key"] == key), None)
        known = next((each for each in self.rules if each.name == rule), None)
        hold_s = known.hold.total_seconds() if known else 0.0
        if alert is None:
            return [Link("alert", {"rule": rule, "key": key, "state": "none", "hold_s": hold_s}, ends=True)]
        data = {"rule": rule, "key": key, "state": alert["state"], "message": alert["message"], "hold_s": hold_s}
        fires = alert["state"] in ("firing", "acknowledged")
        links = [Link("alert", data | ({"since": alert["since"]} if fires else {}), ends=not fires)]
        return links + (self._notified(alert) if fires else [])

    def _notified(self, alert: Mapping[str, Any]) -> list[Link]:
        routes = self._ask("alerter", "route", {"labels": dict(alert["labels"])})["routes"]
        links = [
            Link("muted", {"receiver": route["receiver"], "reason": held["reason"], "what": held["text"]})
            for route in routes
            for held in route["held_back"]
        ]
        receivers = {route["receiver"]: route["group"] for route in routes}
        notices = [
            notice
            for notice in self._ask("alerter", "notices", {"limit": 100})["notices"]
            if receivers.get(notice["receiver"]) == notice["group_labels"] and notice["time"] >= alert["since"]
        ]
        if not notices:
            because = "it is held back" if links else "its group is not due yet, or the notice is no longer kept"
            return [*links, Link("no_notice", {"because": because}, ends=True)]
        delivery = self._ask("alerter", "delivery", {"ids": [notice["id"] for notice in notices]})["delivery"]
        for notice in notices:
            links.append(Link("notice", {name: notice[name] for name in ("receiver", "time", "reason")}))
            links += _delivered(row for row in delivery if row.get("id") == notice["id"])
        return links


def _delivered(rows: Iterable[Mapping[str, Any]]) -> list[Link]:
    return [
        Link("delivery", {"channel": row.get("channel"), "state": row.get("state"), "reason": row.get("reason")})
        for row in rows
    ]


def _of_event(event: Event) -> dict[str, Any]:
    return {"type": event.type, "device": event.device, "time": stamp(event.time), "id": event.id}


def _value(event: Event, channel: str) -> Any:
    """Return an event's value of a channel: the field of that name, or ``value`` if ``channel`` names it."""
    named = event.data.get("channel") == channel or str(event.data.get("sensor_id", "")).endswith(f".{channel}")
    return event.data.get("value") if named else event.data.get(channel)


def _may_be(goal: Goal, event: Event) -> bool:
    """Whether a goal can have made an event, by what the event names: its rule, its source, its channel."""
    data = event.data
    if "rule" in data:
        return bool(data["rule"] == goal.name)
    channels = {test.channel for test in goal.tests}
    named = data.get("source") or data.get("channel") or str(data.get("sensor_id", "")).rpartition(".")[2]
    return not channels or not named or named in channels or goal.section == "voltage_trend"


def _dwell_s(goal: Goal) -> float | None:
    """Return how long the goal's condition must last; None where the rule does not say it in one place."""
    names = ("enter_for_s", "lost_after_s", "for_s") if goal.target else ("clear_for_s", "restored_after_s")
    return next((getattr(goal.rule, name) for name in names if hasattr(goal.rule, name)), None)


def _due(in_s: float | None) -> str:
    return "does not hold" if in_s is None else "holds" if in_s == 0 else f"holds in {in_s:g} s"
