"""A notice in the format of Alertmanager's webhooks, so that programs made for those accept ours.

The format is version 4 of https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Fields that ours
lacks are filled in: the label ``alertname`` is the rule, the annotation ``description`` the message, the annotation
``event`` the last event in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from services.alerter.core.notify.groups import common, is_firing
from shared.messages import Alert, Time
from shared.notices import Notice

VERSION = "4"
NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: what Alertmanager sends as the end of an alert that fires


def webhook_json(notice: Notice, external_url: str = "") -> dict[str, Any]:
    """Return the body; ``external_url`` is the link for a person, and may be empty."""
    alerts = [_alert(alert, external_url) for alert in notice.alerts]
    return {
        "version": VERSION,
        "groupKey": notice.group_key,
        "truncatedAlerts": notice.truncated,
        "status": notice.status,
        "receiver": notice.receiver,
        "groupLabels": _named(notice.group_labels),
        "commonLabels": common([alert["labels"] for alert in alerts]),
        "commonAnnotations": common([alert["annotations"] for alert in alerts]),
        "externalURL": external_url,
        "alerts": alerts,
    }


def _alert(alert: Alert, external_url: str) -> dict[str, Any]:
    firing = is_firing(alert)
    event = {"event": alert.event_text} if alert.event_text else {}
    return {
        "status": "firing" if firing else "resolved",
        "labels": _named({**alert.labels, "rule": alert.rule, "severity": alert.severity.value}),
        "annotations": {"description": alert.message, **event, **alert.annotations},
        "startsAt": _time(alert.since),
        "endsAt": NEVER if firing else _time(alert.time),
        "generatorURL": external_url,
        "fingerprint": alert.fingerprint or "",
    }


def _named(labels: Mapping[str, str]) -> dict[str, str]:
    return {**labels, "alertname": labels["rule"]} if "rule" in labels else dict(labels)


def _time(time: Time) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
