"""Questions to the alerter: ``request/alerter/…``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from services.alerter.application.notice_outbox import NoticeOutbox
from services.alerter.application.notifier import Notifier
from services.alerter.application.parameters import Matchers, Parameters, Text
from services.alerter.core.actions import STOP
from services.alerter.core.matchers import all_hold, parse_matcher
from services.alerter.core.rules import Rule
from shared.delivery.handler import RefusedError
from shared.messages import Alert, AlertState

PAGE = 500


class AlertsQuery(Parameters):
    """``alerts``: those in some states whose labels pass the matchers, ``limit`` after ``cursor``."""

    states: tuple[AlertState, ...] = (AlertState.PENDING, AlertState.FIRING, AlertState.ACKNOWLEDGED)
    matchers: Matchers = ()
    cursor: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE


class SilencesQuery(Parameters):
    """``silences``: those in force or to come; with ``expired`` those that are over and still kept, too."""

    expired: bool = False


class NoticesQuery(Parameters):
    """``notices``: the newest."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class DeliveryQuery(Parameters):
    """``delivery``: how far some notices have got on each channel of their receivers."""

    ids: Annotated[tuple[Text, ...], Field(max_length=100)]


class WouldNotifyQuery(Parameters):
    """``would_notify``: which receivers an alert with these labels would reach now, and what holds it back."""

    labels: Annotated[dict[Text, Text], Field(min_length=1, max_length=64)]


def page_of(alerts: list[Alert], query: AlertsQuery, muted: Callable[[Alert], str | None]) -> Mapping[str, Any]:
    """Return one page of those wanted, each with why it is mute if it is; ``cursor`` is None on the last page."""
    matchers = tuple(map(parse_matcher, query.matchers))
    wanted = [alert for alert in alerts if alert.state in query.states and all_hold(matchers, alert.labels)]
    shown = wanted[query.cursor : query.cursor + query.limit]
    after = query.cursor + len(shown)
    rows = [alert.model_dump(mode="json", exclude_none=True) | {"muted": muted(alert)} for alert in shown]
    return {"alerts": rows, "total": len(wanted), "cursor": after if after < len(wanted) else None}


def would_notify(
    notifier: Notifier, outbox: NoticeOutbox, rules: Mapping[str, Rule], query: WouldNotifyQuery, now: datetime
) -> Mapping[str, Any]:
    """Return the labels, completed by those of the rule they name, and what each route makes of them."""
    rule = rules.get(query.labels.get("rule", ""))
    known = {} if rule is None else {**rule.labels, "severity": rule.severity.value}
    labels = {**known, **query.labels}
    routes = [
        {
            "route": found.route,
            "receiver": found.receiver,
            "mqtt": outbox.over_mqtt(found.receiver),
            "channels": list(outbox.channels_of(found.receiver)),
            "group": dict(found.group),
            "due": found.due.isoformat(),
            "wait_s": round((found.due - now).total_seconds(), 3),
            "suppressed": None if found.reason is None else found.reason.value,
            "held_by": found.held_by,
        }
        for found in notifier.explain(labels, now)
    ]
    return {
        "labels": labels,
        "known_rule": rule is not None,
        "notifies": rule is None or rule.notifies,
        "routes": routes,
    }


def answer(
    alerts: Callable[[], list[Alert]],
    rules: Mapping[str, Rule],
    notifier: Notifier,
    outbox: NoticeOutbox,
    name: str,
    data: Mapping[str, Any],
    now: datetime,
) -> Mapping[str, Any]:
    """Answer a question; raises RefusedError on one that is not known, ValidationError on odd data."""
    match name:
        case "alerts":
            return page_of(alerts(), AlertsQuery.model_validate(data), partial(notifier.suppression_of, now=now))
        case "silences":
            expired = SilencesQuery.model_validate(data).expired
            found = [silence for silence in notifier.silences if expired or silence.ends > now]
            return {"silences": [silence.model_dump(mode="json") for silence in found]}
        case "notices":
            newest = outbox.notices.newest(NoticesQuery.model_validate(data).limit)
            return {"notices": [notice.model_dump(mode="json", exclude={"alerts"}) for notice in newest]}
        case "delivery":
            ids = DeliveryQuery.model_validate(data).ids
            return {"delivery": outbox.notices.delivery(ids), "waiting": dict(outbox.notices.waiting())}
        case "stops":
            return {"stops": [alert.model_dump(mode="json") for alert in alerts() if alert.rule == STOP]}
        case "would_notify":
            return would_notify(notifier, outbox, rules, WouldNotifyQuery.model_validate(data), now)
        case _:
            known = "alerts, silences, notices, delivery, stops and would_notify"
            raise RefusedError(f"the alerter knows no question {name!r}; it knows {known}")
