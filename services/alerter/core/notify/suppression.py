"""Notices: how many alerts one lists, where they wait to be sent, and why somebody is not notified now."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from shared.notices import Notice

LISTED = 50  # alerts that a notice lists; of the rest it says how many


class SuppressionReason(StrEnum):
    """Why an alert is not notified now."""

    NOT_WANTED = "no_notification_action"
    INHIBITED = "inhibited"
    SILENCED = "silenced"
    MUTED = "mute_time_interval"
    INACTIVE = "outside_active_time_interval"
    TOLD = "already_notified"
    ACKNOWLEDGED = "acknowledged"
    UNTOLD = "resolved_before_notification"
    NO_RESOLVED = "receiver_wants_no_resolved"
    FLAPPING = "flapping"


class NoticeSink(Protocol):
    """Where notices wait to be sent. ``put`` commits with what it was made of."""

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; the oldest go, counted, where there is no room."""
