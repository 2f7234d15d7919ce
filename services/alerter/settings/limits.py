"""``alert_thresholds`` of ``config/event_counters.yaml`` as rules."""

from __future__ import annotations

from datetime import timedelta

from services.alerter.core.rules import Rule, rate_rule
from shared.event_counters import EventCountersSettings

_WINDOWS = {"hourly": timedelta(hours=1), "daily": timedelta(hours=24)}


def rate_rules(settings: EventCountersSettings) -> tuple[Rule, ...]:
    """Return a rule ``hourly_rate`` and a rule ``daily_rate`` for each limit given, in the order of the file."""
    return tuple(
        rate_rule(f"{span}_rate", event_type, window, limit, threshold.severity, threshold.per)
        for event_type, threshold in settings.alert_thresholds.items()
        for span, window in _WINDOWS.items()
        if (limit := getattr(threshold, span)) is not None
    )
