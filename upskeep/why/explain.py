"""Chains out of a replay: of an event, of an alert, of what did not happen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.alerter.core.kinds.condition import Reading
from services.alerter.core.rules import Rule
from services.alerter.core.wording import figure
from services.event_processor.core.tracing.missing import Missing
from shared.messages import Alert, AlertState, Event
from upskeep.why.chain import Chain, causes, frame_link, shortfall, stamp
from upskeep.why.links import Link
from upskeep.why.replay import FIRES, Look, Made, Replay, Transition, keys_of


def event_chain(replay: Replay, made: Made) -> Chain:
    """Return the chain of an event: from its frame to the notices, or to where it ended."""
    return Chain(title_of(made.event), (*_origin(replay, made), *_onward(replay, made)))


def title_of(event: Event) -> str:
    """Return what an event is called."""
    return f"{event.type}{f' of {event.device}' if event.device else ''}, {event.id}"


def _origin(replay: Replay, made: Made) -> list[Link]:
    return causes(replay.compiled, made.trace, made.decision, made.event)


def _onward(replay: Replay, made: Made) -> list[Link]:
    if made.ended is not None:
        stage, dropped = made.ended
        return [Link("filter", {"stage": stage, "code": dropped.code, "reason": dropped.text}, ends=True)]
    links = [Link("filter"), correlation(made.event)]
    if not made.alerts:
        return [*links, Link("no_alert", ends=True)]
    for look in made.alerts:
        links += _of_alert(replay, look, made.event.time)
    return links


def correlation(event: Event) -> Link:
    """Return whether an event belongs to an incident."""
    incident, pattern = event.metadata.get("incident"), event.metadata.get("correlation_pattern")
    return Link("correlation", {"incident": incident, "pattern": pattern} if incident else {})


def _of_alert(replay: Replay, look: Look, at: datetime) -> list[Link]:
    rule, key, alert, reading = look
    state = "none" if alert is None else alert.state.value
    hold_s = rule.hold.total_seconds()
    data = {"rule": rule.name, "key": key, "state": state, "hold_s": hold_s}
    if alert is not None:
        data |= {"message": alert.message} | ({"since": stamp(alert.since)} if alert.state in FIRES else {})
    elif reading is not None:
        data |= {"message": f"{reading.words}; {reading.verdict or limit_of(rule, reading)} would fire"}
    later = [each for each in replay.transitions if _is(each, rule.name, key) and each.alert.time > at]
    ends = state in ("none", "resolved")
    links = [Link("alert", data, ends=ends)]
    fired = next((each for each in replay.transitions if _is(each, rule.name, key) and _fires_at(each, alert)), None)
    if state == AlertState.PENDING:
        fired = later[0] if later and later[0].alert.state in FIRES else None
        links += [transition(each) for each in later[:1]]
    return links + (notified(replay, rule, fired) if fired is not None else [])


def limit_of(rule: Rule, reading: Reading) -> str:
    """Return the limit of a rule, as its alert would say it."""
    return rule.condition.limit.format(figure(reading.threshold))


def _is(each: Transition, rule: str, key: str) -> bool:
    return (each.alert.rule, each.alert.key) == (rule, key)


def _fires_at(each: Transition, alert: Alert | None) -> bool:
    return alert is not None and alert.state in FIRES and each.alert.state in FIRES and each.alert.since == alert.since


def transition(each: Transition) -> Link:
    """Return a change of an alert."""
    alert = each.alert
    return Link(
        "transition",
        {
            "rule": alert.rule,
            "key": alert.key,
            "state": alert.state.value,
            "time": stamp(alert.time),
            "reason": alert.reason,
        },
    )


def notified(replay: Replay, rule: Rule, fired: Transition) -> list[Link]:
    """Return who was notified of an alert that fired, or what held it back."""
    if not rule.notifies:
        return [Link("no_notice", {"because": "`notification` is not among the actions of its rule"}, ends=True)]
    later_s = max(0.0, (fired.frame.time - fired.alert.time).total_seconds())  # the frames showed it only then
    links = [
        Link("muted", {"receiver": route["receiver"], "reason": held["reason"], "what": held["text"]})
        for route in fired.routes
        for held in route["held_back"]
    ]
    links += [
        Link("route", {"route": route["route"], "receiver": route["receiver"], "in_s": route["in_s"] + later_s})
        for route in fired.routes
        if not route["held_back"]
    ]
    alert = fired.alert
    named = [
        notice
        for notice in replay.notices
        if any((a.rule, a.key, a.since) == (alert.rule, alert.key, alert.since) for a in notice.alerts)
    ]
    links += [
        Link("notice", {"receiver": notice.receiver, "time": stamp(notice.time), "reason": notice.reason.value})
        for notice in named[:3]
    ]
    if not named:
        held = any(link.kind == "muted" for link in links)
        because = "it was held back" if held else "it ended, or the frames ended, before its group was due"
        links.append(Link("no_notice", {"because": because}, ends=True))
    return links


def alert_chain(replay: Replay, rule: Rule, key: str, fired: Transition) -> Chain:
    """Return the chain of an alert: from what caused it, back to the frame, and on to the notices."""
    alert = fired.alert
    data: dict[str, Any] = {"rule": alert.rule, "key": key, "state": alert.state.value, "message": alert.message}
    data |= {"since": stamp(alert.since), "hold_s": rule.hold.total_seconds()}
    links = [*_causes_of(replay, rule, key, fired), Link("alert", data), transition(fired)]
    return Chain(f"alert {alert.rule}/{key}", (*links, *notified(replay, rule, fired)))


def _causes_of(replay: Replay, rule: Rule, key: str, fired: Transition) -> list[Link]:
    if rule.composite is not None:
        members = [
            each
            for each in replay.transitions
            if each.alert.rule in rule.composite.rules and each.alert.time <= fired.alert.time
        ]
        links = [Link("members", {"rule": rule.name, "members": list(rule.composite.rules)})]
        return links + [transition(each) for each in members[-len(rule.composite.rules) :]]
    found = [
        (made, sample)
        for made in replay.made.values()
        if made.trace.frame.time <= fired.alert.time and made.ended is None
        for sample in replay.samples(made)
        if any(each is rule and at == key for each, at in keys_of((rule,), sample))
    ]
    if fired.alert.reason == "absent":
        last = {"time": stamp(found[-1][0].trace.frame.time)} if found else {}
        return [Link("silence", {"rule": rule.name, **last})]
    if rule.intake.source == "state":
        return _of_state(replay, rule, key, fired)
    return [link for made, _ in found[-1:] for link in _cause(replay, made)]


def _of_state(replay: Replay, rule: Rule, key: str, fired: Transition) -> list[Link]:
    """Return the frame whose state began an alert, with what else that frame caused."""
    spell = [each for each in replay.transitions if _is(each, rule.name, key) and each.alert.since == fired.alert.since]
    frame = spell[0].frame
    links = [link for made in replay.made.values() if made.trace.frame is frame for link in _cause(replay, made)]
    links = links or [frame_link(frame, frame.values)]
    return [*links, Link("sample", {"device": frame.device, "time": stamp(frame.time)})]


def _cause(replay: Replay, made: Made) -> list[Link]:
    event = made.event
    data = {"type": event.type, "device": event.device, "time": stamp(event.time), "id": event.id}
    return [*_origin(replay, made), Link("cause", data)]


def absent_chains(replay: Replay, event: str, device: str | None) -> list[Chain]:
    """Return, for each device, why an event did not come."""
    found: dict[str, list[Missing]] = replay.missing()
    if not found:
        return [Chain(f"no {event}", (Link("missing.no_device", {"device": device}, ends=True),))]
    chains: list[Chain] = []
    for name, missing in found.items():
        happened = [made for made in replay.made.values() if made.event.device == name and made.event.type == event]
        if happened:
            last = happened[-1]
            data = {"time": stamp(last.event.time), "id": last.event.id}
            chains.append(Chain(f"{event} of {name}", (Link("happened", data), *_onward(replay, last))))
        elif missing:
            chains.append(Chain(f"no {event} of {name}", tuple(shortfall(missing))))
        else:
            link = Link("missing.no_rule", {"device": name, "type": event}, ends=True)
            chains.append(Chain(f"no {event} of {name}", (link,)))
    return chains


def absent_alert_chains(replay: Replay, key: str, at: datetime | None) -> list[Chain]:
    """Return why an alert did not fire that was looked for, with why its event did not come; or that it fired."""
    tally = replay.alert_tally
    if tally is None:
        return []
    name = tally.rule.name
    fired = [
        each for each in replay.transitions
        if _is(each, name, key) and each.alert.state in FIRES and tally.counts(each.alert.time)
    ]  # fmt: skip
    if fired:
        alert = fired[-1].alert
        happened = Link("fired", {"state": alert.state.value, "since": stamp(alert.since)})
        return [Chain(each.title, (happened, *each.links)) for each in alert_chains(replay, name, key, at)]
    links = tally.links()
    if not tally.seen:
        links += [link for missing in replay.missing().values() for link in shortfall(missing)]
    return [Chain(f"no alert {name}/{key}", tuple(links))]


def chosen(made: Iterable[Made], what: str, at: datetime | None) -> list[Made]:
    """Return the event of that id; of that type the one nearest to ``at``, else the last."""
    found = [each for each in made if each.event.type == what or each.event.id.startswith(what)]
    if at is not None:
        found.sort(key=lambda each: abs(each.event.time - at), reverse=True)
    return found[-1:]


def alert_chains(replay: Replay, name: str, key: str, at: datetime | None) -> list[Chain]:
    """Return the chain of an alert's spell: the one nearest to ``at``, else the last. None where it never fired."""
    fired = [each for each in replay.transitions if _is(each, name, key) and each.alert.state in FIRES]
    if at is not None:
        fired.sort(key=lambda each: abs(each.alert.time - at), reverse=True)
    rule = next((rule for rule in replay.rules if rule.name == name and rule.owns(key)), None)
    return [alert_chain(replay, rule, key, fired[-1])] if fired and rule is not None else []
