"""Requests and commands of people: ``request/alerter/…`` and ``command/alerter/…``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.alerter.adapters.notice_store import NoticeStore
from services.alerter.application.notice_outbox import NoticeOutbox
from services.alerter.application.notifier import Notifier
from services.alerter.core.actions import STOP
from services.alerter.core.alert_set import AlertSet
from services.alerter.core.matchers import all_hold, parse_matcher
from services.alerter.core.notify.silences import Silence
from services.alerter.core.why_not_firing import firing_report, rule_for
from shared.delivery.handler import RefusedError
from shared.instants import us_to_time
from shared.messages import Alert, AlertState, Name, Time
from shared.requests import Command

PAGE = 500
LONGEST_SILENCE_S = 366 * 86_400


def _matcher(text: str) -> str:
    parse_matcher(text)
    return text


Matchers = Annotated[tuple[Annotated[str, AfterValidator(_matcher)], ...], Field(max_length=32)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Query(BaseModel):
    """Base of their data: an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class AlertsQuery(Query):
    """``alerts``: alerts in some states whose labels pass the matchers, ``limit`` of them after ``cursor``."""

    states: tuple[AlertState, ...] = (AlertState.PENDING, AlertState.FIRING, AlertState.ACKNOWLEDGED)
    matchers: Matchers = ()
    cursor: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE


class SilencesQuery(Query):
    """``silences``: those in force or to come; with ``expired`` also those that are over and still stored."""

    expired: bool = False


class NoticesQuery(Query):
    """``notices``: the newest."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class DeliveryQuery(Query):
    """``delivery``: the state of some notices on each channel of their receivers."""

    ids: Annotated[tuple[Text, ...], Field(max_length=100)]


class RouteQuery(Query):
    """``route``: where an alert with these labels would go; ``rule`` is one of them."""

    labels: Annotated[dict[Name, Text], Field(max_length=32)]


class StandingQuery(Query):
    """``standing``: the state of an alert, and what it lacks to fire."""

    rule: Name
    key: Name


class TestCommand(Query):
    """``test``: a message to one receiver, or to all."""

    receiver: Name | None = None


class AckCommand(Query):
    """``ack``: acknowledge a firing alert."""

    rule: Name
    key: Name
    comment: Text | None = None


class SilenceCommand(Query):
    """``silence``: for ``for_s`` seconds from ``starts`` (now, if not given), or until ``ends``."""

    matchers: Matchers
    comment: Text
    for_s: Annotated[float, Field(gt=0, le=LONGEST_SILENCE_S)] | None = None
    starts: Time | None = None
    ends: Time | None = None

    def silence(self, identity: str, by: str, now: datetime) -> Silence:
        """Return the silence; raises ValidationError if it is not valid."""
        starts = self.starts or now
        ends = self.ends or starts + timedelta(seconds=self.for_s or 0)
        lasting = self.ends is None
        known: dict[str, Any] = {"id": identity, "by": by, "comment": self.comment, "matchers": self.matchers}
        return Silence(**known, starts=starts, ends=ends, lasting=lasting)


class UnsilenceCommand(Query):
    """``unsilence``: end a silence now."""

    id: Text


class ResetCommand(Query):
    """``reset_stop``: lift an emergency stop, with a reason."""

    zone: Text
    why: Text


def page_of(alerts: list[Alert], query: AlertsQuery, muted: Callable[[Alert], str | None]) -> Mapping[str, Any]:
    """Return one page of alerts, each with why it is muted, if it is; ``cursor`` is None on the last page."""
    matchers = tuple(map(parse_matcher, query.matchers))
    wanted = [alert for alert in alerts if alert.state in query.states and all_hold(matchers, alert.labels)]
    shown = wanted[query.cursor : query.cursor + query.limit]
    after = query.cursor + len(shown)
    rows = [alert.model_dump(mode="json", exclude_none=True) | {"muted": muted(alert)} for alert in shown]
    return {"alerts": rows, "total": len(wanted), "cursor": after if after < len(wanted) else None}


class AlertOperations(Protocol):
    """The port to the Alerter."""

    @property
    def alert_sets(self) -> Sequence[AlertSet]:
        """Return the sets with all records."""

    def snapshot(self) -> list[Alert]:
        """Return every alert."""

    def acknowledge(self, place: tuple[str, str], by: str, comment: str | None, now: datetime) -> Alert:
        """Acknowledge an alert; raises RefusedError if it does not fire."""

    def lift(self, zone: str, by: str, why: str, now: datetime) -> Alert:
        """Lift an emergency stop; raises RefusedError if there is none."""


def answer(
    work: AlertOperations, notifier: Notifier, notices: NoticeStore, name: str, data: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Answer a request; raises RefusedError for an unknown one, ValidationError for faulty data."""
    match name:
        case "alerts":
            return page_of(work.snapshot(), AlertsQuery.model_validate(data), partial(notifier.suppression_of, now=now))
        case "silences":
            expired = SilencesQuery.model_validate(data).expired
            found = [silence for silence in notifier.silences if expired or silence.ends > now]
            return {"silences": [silence.model_dump(mode="json") for silence in found]}
        case "notices":
            newest = notices.newest(NoticesQuery.model_validate(data).limit)
            return {"notices": [notice.model_dump(mode="json", exclude={"alerts"}) for notice in newest]}
        case "delivery":
            query = DeliveryQuery.model_validate(data)
            return {"delivery": notices.delivery(query.ids), "waiting": dict(notices.waiting())}
        case "route":
            return _route_of(notifier, RouteQuery.model_validate(data).labels, now)
        case "standing":
            asked = StandingQuery.model_validate(data)
            return _standing_of(work.alert_sets, asked.rule, asked.key)
        case "stops":
            return {"stops": [a.model_dump(mode="json") for a in work.snapshot() if a.rule == STOP]}
        case _:
            known = "alerts, silences, notices, delivery, route, standing and stops"
            raise RefusedError(f"the alerter knows no question {name!r}; it knows {known}")


def _standing_of(alert_sets: Sequence[AlertSet], name: str, key: str) -> Mapping[str, Any]:
    found = rule_for(alert_sets, name, key)
    if found is None:
        names = sorted({rule.name for each in alert_sets for rule in each.rules})
        raise RefusedError(f"no rule {name} judges the key {key}; the rules are {', '.join(names)}")
    alert_set, rule = found
    record = alert_set.records.get((name, key))
    stands = firing_report(rule, key, record, 0 if record is None else alert_set.reached_us((name, key)))
    since = {} if stands.since_us is None else {"since": us_to_time(stands.since_us).isoformat()}
    return {"rule": name, "key": key, **asdict(stands), "state": stands.state.value, **since}


def _route_of(notifier: Notifier, labels: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
    rule, alert, steps = notifier.trace(labels, now)
    rows = [
        {
            "route": step.route.path,
            "matchers": [str(matcher) for matcher in step.route.matchers],
            "receiver": step.route.receiver,
            "group": dict(step.group),
            "in_s": (step.at - now).total_seconds(),
            "repeat_s": step.route.repeat_interval.total_seconds(),
            "held_back": [{"reason": reason.value, "text": text} for reason, text in step.held_back],
        }
        for step in steps
    ]
    return {
        "labels": dict(alert.labels),
        "hold_s": rule.hold.total_seconds(),
        "notifies": rule.notifies,
        "routes": rows,
    }


def execute(
    work: AlertOperations, notifier: Notifier, outbox: NoticeOutbox, command: Command, now: datetime
) -> Mapping[str, Any]:
    """Carry out a command; raises RefusedError for an unknown one, ValidationError for faulty data."""
    by = command.by or command.producer
    if not by:
        raise RefusedError("does not say who sent it; set `by`")
    match command.name:
        case "ack":
            ack = AckCommand.model_validate(command.data)
            return {"alert": work.acknowledge((ack.rule, ack.key), by, ack.comment, now).model_dump(mode="json")}
        case "silence":
            silence = SilenceCommand.model_validate(command.data).silence(command.id, by, now)
            notifier.silence(silence, now)
            return {"silence": silence.model_dump(mode="json")}
        case "unsilence":
            ended = notifier.unsilence(UnsilenceCommand.model_validate(command.data).id, now)
            return {"silence": ended.model_dump(mode="json")}
        case "reset_stop":
            reset = ResetCommand.model_validate(command.data)
            return {"stop": work.lift(reset.zone, by, reset.why, now).model_dump(mode="json")}
        case "test":
            made = outbox.try_out(TestCommand.model_validate(command.data).receiver, command.id, now)
            unrouted = notifier.unrouted()
            return {"tests": [row | {"routed": row["receiver"] not in unrouted} for row in made["tests"]]}
        case _:
            known = "ack, silence, unsilence, reset_stop and test"
            raise RefusedError(f"the alerter knows no command {command.name!r}; it knows {known}")
