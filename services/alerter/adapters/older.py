"""Memories as they were written before alerts had rules of many kinds: ``rule/{name}/{key}`` in the table ``state``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from services.alerter.core.life import Reason
from services.alerter.core.memory import Memory, Told
from services.alerter.core.window import Window
from shared.instants import time_to_us
from shared.ledger import Ledger
from shared.messages import Alert, AlertState

PREFIX = "rule/"


def take_over(ledger: Ledger) -> Iterator[tuple[tuple[str, str], Memory]]:
    """Yield each memory by its place, and remove it from where it stood. Call inside ``transaction``."""
    for key, text in list(ledger.items(PREFIX)):
        rule, name = key.removeprefix(PREFIX).split("/", 1)
        ledger.db.execute("DELETE FROM state WHERE key = ?", (key,))
        yield (rule, name), _memory(json.loads(text), name)


def _memory(content: dict[str, object], event_type: str) -> Memory:
    times = content["times_us"]
    lost_us, now_us = content["lost_us"], content["now_us"]
    if not isinstance(times, list) or not isinstance(lost_us, int | None) or not isinstance(now_us, int | None):
        raise TypeError("no memory of an alert")
    evidence = Window(tuple(times), lost_us)
    labels = (("type", event_type),)
    if content["alert"] is None:
        return Memory(evidence, labels, now_us)
    alert = Alert.model_validate(content["alert"])
    since_us, time_us = time_to_us(alert.since), time_to_us(alert.time)
    told = Told(time_us, alert.value, alert.threshold, Reason(alert.reason), alert.message)
    state = AlertState(alert.state)
    return Memory(evidence, labels, now_us, state, since_us, told=told, fires_us=(since_us,))
