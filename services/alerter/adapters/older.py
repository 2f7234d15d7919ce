"""Memories as they were written before alerts had rules of many kinds: ``rule/{name}/{key}`` in the table ``state``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from services.alerter.core.alert_record import AlertRecord, LastTransition
from services.alerter.core.states import Reason
from services.alerter.core.window import Window
from shared.instants import time_to_us
from shared.ledger import Ledger
from shared.messages import Alert, AlertState

PREFIX = "rule/"


def take_over(ledger: Ledger) -> Iterator[tuple[tuple[str, str], AlertRecord]]:
    """Yield each memory by its place, and remove it from where it stood. Call inside ``transaction``."""
    for key, text in list(ledger.items(PREFIX)):
        rule, name = key.removeprefix(PREFIX).split("/", 1)
        ledger.db.execute("DELETE FROM state WHERE key = ?", (key,))
        yield (rule, name), _record(json.loads(text), name)


def _record(content: dict[str, object], event_type: str) -> AlertRecord:
    times = content["times_us"]
    lost_us, now_us = content["lost_us"], content["now_us"]
    if not isinstance(times, list) or not isinstance(lost_us, int | None) or not isinstance(now_us, int | None):
        raise TypeError("no memory of an alert")
    evidence = Window(tuple(times), lost_us)
    labels = (("type", event_type),)
    if content["alert"] is None:
        return AlertRecord(evidence, labels, now_us)
    alert = Alert.model_validate(content["alert"])
    since_us, time_us = time_to_us(alert.since), time_to_us(alert.time)
    told = LastTransition(time_us, alert.value, alert.threshold, Reason(alert.reason), alert.message)
    state = AlertState(alert.state)
    return AlertRecord(evidence, labels, now_us, state, since_us, last=told, fires_us=(since_us,))
