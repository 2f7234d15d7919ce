"""What a run comes to: the JSON object that ``backtest`` and ``run --json`` both print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.messages import Alert, Counter
from shared.safe_text import safe_json

# Reports of event_processor on the suite itself, by the machine's clock; they do not concern the recordings.
OF_THE_SUITE = frozenset(
    {"system.lifecycle.started", "system.lifecycle.stopped", "system.config.changed", "system.health.check"}
    | {"system.service.offline", "system.service.online"}
)
ALERTS = frozenset({"alert.raised", "alert.cleared"})  # events that say what alert topics say as well
ALERT = {  # what of an alert follows from the events
    *("rule", "key", "state", "severity", "since", "time", "value", "threshold", "window_s", "reason", "message"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Frames, counters but those of the suite itself, alerts that follow from events, the span of event time."""

    frames: int
    counters: Mapping[str, Counter]
    alerts: Iterable[Alert]
    first_time: datetime | None
    last_time: datetime | None

    def as_json(self) -> str:
        """Return the object as JSON with sorted keys: the same input gives the same bytes."""
        return safe_json(json.dumps(self.as_dict(), indent=2, sort_keys=True, ensure_ascii=False))

    def as_dict(self) -> dict[str, Any]:
        """Return the object as plain data."""
        ordered = sorted(item for item in self.counters.items() if item[0] not in OF_THE_SUITE)
        counters = {name: counter.model_dump(mode="json", exclude={"type", "as_of"}) for name, counter in ordered}
        followed = (alert for alert in self.alerts if alert.basis == "events")  # live ones are of the run
        alerts = sorted(followed, key=lambda alert: (alert.rule, alert.key))
        return {
            "frames": self.frames,
            "events": {name: counter["total"] for name, counter in counters.items()},
            "counters": counters,
            "alerts": [alert.model_dump(mode="json", include=ALERT) for alert in alerts],
            "first_time": _text(self.first_time),
            "last_time": _text(self.last_time),
        }


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="microseconds").replace("+00:00", "Z")
