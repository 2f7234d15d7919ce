"""Notices: how many alerts one lists, where they wait to be sent, and why an alert is not notified."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from shared.notices import Notice

LISTED = 50  # alerts that a notice lists; it only counts the rest


class SuppressionReason(StrEnum):
    """Why an alert is not notified now."""

    NOT_WANTED = "no_notification_action"
    INHIBITED = "inhibited"
    SILENCED = "silenced"
    MUTED = "mute_time_interval"
    INACTIVE = "outside_active_time_interval"
    ALREADY_SENT = "already_notified"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED_UNSENT = "resolved_before_notification"
    NO_RESOLVED = "receiver_wants_no_resolved"
    FLAPPING = "flapping"


class NoticeSink(Protocol):
    """Where notices wait to be sent. ``put`` commits together with the message that the notices come from."""

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; without room the oldest are dropped, and counted."""
