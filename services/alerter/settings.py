"""``alert_thresholds`` of ``config/event_counters.yaml`` as the alerter's rules."""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta

from services.alerter.core.rules import Rule
from shared.event_counters import EventCountersSettings

_WINDOWS = {"hourly": timedelta(hours=1), "daily": timedelta(hours=24)}


def rules(settings: EventCountersSettings) -> tuple[Rule, ...]:
    """Return a rule ``hourly_rate`` and a rule ``daily_rate`` for each limit given, in the order of the file."""
    return tuple(
        Rule(f"{span}_rate", event_type, window, limit, threshold.severity)
        for event_type, threshold in settings.alert_thresholds.items()
        for span, window in _WINDOWS.items()
        if (limit := getattr(threshold, span)) is not None
    )


def unknown_types(settings: EventCountersSettings, catalogue_types: Container[str]) -> tuple[str, ...]:
    """Return the thresholds' types that the catalogue lacks: a user's own, or a slip of the pen worth a warning."""
    return tuple(sorted(name for name in settings.alert_thresholds if name not in catalogue_types))
