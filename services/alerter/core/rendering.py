"""Alerts as messages, made from rule and record."""

from __future__ import annotations

from services.alerter.core.actions import fill
from services.alerter.core.alert_record import AlertRecord
from services.alerter.core.keys import fingerprint
from services.alerter.core.kinds.condition import Reading
from services.alerter.core.rules import Rule
from services.alerter.core.states import Reason
from services.alerter.core.wording import figure
from shared.instants import us_to_time
from shared.messages import Alert, AlertState

_VERDICTS = {
    Reason.LIMIT_LOWERED: "{limit}, which was lowered",
    Reason.LIMIT_RAISED: "within the limit of {threshold}, which was raised",
    Reason.PASSED: "{calm}; it did not last long enough to fire",
    Reason.GIVEN_UP: "no longer waited for",
    Reason.WITHIN_LIMIT: "{calm}",
    Reason.SEEN_AGAIN: "{calm}",
    Reason.BACK: "{calm}",
    Reason.MEMBERS_QUIET: "{calm}",
}


def message_for(rule: Rule, reason: Reason, reading: Reading) -> str:
    """Return e.g. ``I2C_ERROR: 6 in 1 hour, more than the limit of 5``."""
    threshold = figure(reading.threshold)
    limit = reading.verdict or rule.condition.limit.format(threshold)
    calm = reading.calm or rule.condition.calm.format(threshold)
    verdict = _VERDICTS.get(reason, "{limit}").format(limit=limit, calm=calm, threshold=threshold)
    return f"{reading.words}, {verdict}"


def labels_of(rule: Rule, record: AlertRecord) -> dict[str, str]:
    """Return all labels of an alert: those of its group and its rule, with the rule's name and severity."""
    return {**dict(record.labels), "rule": rule.name, "severity": rule.severity.value}


def alert_of(rule: Rule, key: str, record: AlertRecord) -> Alert:
    """Return the last transition as a message; raises ValueError without one."""
    last = record.last
    if last is None:
        raise ValueError(f"{rule.name}/{key} has reported nothing yet")
    labels = labels_of(rule, record)
    shown = {**labels, "value": figure(last.value), "threshold": figure(last.threshold), "message": last.message}
    return Alert(
        rule=rule.name,
        key=key,
        state=record.state,
        severity=rule.severity,
        since=us_to_time(record.since_us),
        time=us_to_time(last.time_us),
        value=last.value,
        threshold=last.threshold,
        window_s=rule.condition.window_s,
        reason=last.reason.value,
        message=last.message,
        labels=labels,
        annotations={name: fill(text, shown) for name, text in rule.annotations.items()},
        fingerprint=fingerprint({**dict(record.labels), "rule": rule.name, "key": key}),
        event_text=record.event_text,
        condition=None if rule.condition.measures else rule.wants,
        basis=rule.basis,
        by=record.seen_by,
        comment=record.comment,
    )


def orphan_of(name: str, key: str, record: AlertRecord) -> Alert:
    """Return the last transition of an alert whose rule was removed; raises ValueError without one."""
    last = record.last
    if last is None:
        raise ValueError(f"{name}/{key} has reported nothing yet")
    return Alert(
        rule=name,
        key=key,
        state=record.state,
        severity=last.severity,
        since=us_to_time(record.since_us),
        time=us_to_time(last.time_us),
        value=last.value,
        threshold=last.threshold,
        window_s=last.window_s,
        reason=last.reason.value,
        message=last.message,
        labels={**dict(record.labels), "rule": name, "severity": last.severity.value},
        event_text=record.event_text,
    )


def current_alert(rule: Rule, key: str, record: AlertRecord, now_us: int | None) -> Alert | None:
    """Return the alert with its present figures while it fires; None if it has never fired and is not pending."""
    if record.last is None or (record.state is AlertState.RESOLVED and not record.fired):
        return None
    alert = alert_of(rule, key, record)
    if record.state is AlertState.RESOLVED or now_us is None:
        return alert
    reading = rule.condition.reading(record.evidence, now_us, key)
    message = message_for(rule, record.last.reason, reading)
    shown = {**alert.labels, "value": figure(reading.value), "threshold": figure(reading.threshold), "message": message}
    changed = {
        "value": reading.value,
        "threshold": reading.threshold,
        "message": message,
        "annotations": {name: fill(text, shown) for name, text in rule.annotations.items()},
    }
    return alert.model_copy(update=changed)
