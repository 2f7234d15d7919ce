"""The record of one alert of one rule, and its form in the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from services.alerter.core.kinds.condition import Condition
from services.alerter.core.states import IS_FIRING, Reason
from shared.messages import AlertState, Severity

FIRES = 12  # times it fired that are remembered, for damping
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LastTransition:
    """The last transition, as it was reported."""

    time_us: int
    value: float
    threshold: float
    reason: Reason
    message: str
    severity: Severity = Severity.WARNING
    window_s: float = 0.0


class AlertRecord(NamedTuple):  # and no dataclass: a sample makes one for each rule that takes it
    """One alert. ``since_us`` is when it began to wait or fire, ``quiet_us`` since when only ``keep`` holds it firing.

    ``seen_by`` acknowledged it, with ``comment``. ``event_text`` is the last event in words.
    ``raised``: its beginning was offered as an event, its end not yet. ``sender`` offered the event that made it;
    empty for what the suite itself observed.
    """

    evidence: Any
    labels: Labels = ()
    now_us: int | None = None
    state: AlertState = AlertState.RESOLVED
    since_us: int = 0
    quiet_us: int | None = None
    last: LastTransition | None = None
    seen_by: str | None = None
    comment: str | None = None
    fires_us: tuple[int, ...] = ()
    stale: bool = False  # the newest sample came too late to act on
    event_text: str | None = None
    raised: bool = False
    sender: str = ""

    @property
    def is_firing(self) -> bool:
        """Whether it fires, acknowledged or not."""
        return self.state in IS_FIRING

    @property
    def fired(self) -> bool:
        """Whether it has ever fired."""
        return bool(self.fires_us)


def move(record: AlertRecord, condition: Condition, mover: Callable[[int], int]) -> AlertRecord:
    """Return the record after a jump of the clock: ages stay the same, and so does what was reported."""
    pending = record.state is AlertState.PENDING
    return record._replace(
        evidence=condition.moved(record.evidence, mover),
        now_us=None if record.now_us is None else mover(record.now_us),
        since_us=mover(record.since_us) if pending else record.since_us,
        quiet_us=None if record.quiet_us is None else mover(record.quiet_us),
    )


def to_json(record: AlertRecord, without: str | None = None) -> str:
    """Return the record as JSON, which ``from_json`` reads. ``without`` leaves out a field of evidence."""
    evidence = record.evidence
    last = record.last
    content = {
        "evidence": {} if evidence is None else _evidence_json(evidence, without),
        "labels": dict(record.labels),
        "now_us": record.now_us,
        "state": record.state.value,
        "since_us": record.since_us,
        "quiet_us": record.quiet_us,
        "last": None if last is None else [getattr(last, f.name) for f in fields(last)],
        "seen_by": record.seen_by,
        "comment": record.comment,
        "fires_us": record.fires_us,
        "stale": record.stale or None,
        "event_text": record.event_text,
        "raised": record.raised or None,
        "sender": record.sender or None,
    }
    kept = {name: value for name, value in content.items() if value is not None and value != ()}
    return json.dumps(kept, separators=(",", ":"))


def from_json(text: str, condition: Condition | None, more: Mapping[str, Any] | None = None) -> AlertRecord:
    """Return the record that ``to_json`` wrote; ``more`` are fields of evidence that were stored elsewhere.

    Evidence that does not fit the condition (its kind was changed) is left out: it begins anew. Raises ValueError,
    KeyError or TypeError on anything else.
    """
    content = json.loads(text)
    last = content.get("last")
    return AlertRecord(
        evidence=_evidence(condition, {**content["evidence"], **(more or {})}),
        labels=tuple(sorted((str(name), str(value)) for name, value in content.get("labels", {}).items())),
        now_us=content.get("now_us"),
        state=AlertState(content["state"]),
        since_us=content["since_us"],
        quiet_us=content.get("quiet_us"),
        last=None if last is None else _read_last(last),
        seen_by=content.get("seen_by"),
        comment=content.get("comment"),
        fires_us=tuple(content.get("fires_us", ())),
        stale=content.get("stale", False),
        event_text=content.get("event_text"),
        raised=content.get("raised", False),
        sender=content.get("sender", ""),
    )


def _read_last(last: list[Any]) -> LastTransition:
    time_us, value, threshold, reason, message, severity, window_s = last
    return LastTransition(time_us, value, threshold, Reason(reason), message, Severity(severity), window_s)


def _evidence_json(evidence: Any, without: str | None) -> dict[str, Any]:
    return {name: value for name, value in evidence._asdict().items() if name != without}


def _evidence(condition: Condition | None, content: Mapping[str, Any]) -> Any:
    if condition is None:
        return None
    fresh = condition.begin()
    values = {name: _tupled(value) for name, value in content.items()}
    return fresh._replace(**values) if values.keys() <= {*fresh._fields} else fresh


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
