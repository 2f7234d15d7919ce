"""A notice: what a receiver is told at once of one group of alerts. It is kept until it has been sent."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from shared.messages import Alert, Time

LISTED = 50  # alerts that a notice lists; of the rest it says how many


class NoticeReason(StrEnum):
    """Why a notice is given; the words are Alertmanager's."""

    FIRST = "first_notification"
    NEW_ALERTS = "new_alerts_in_group"
    RESOLVED = "resolved_alerts_in_group"
    ALL_RESOLVED = "all_alerts_resolved"
    REPEAT = "repeat_interval"


class Quiet(StrEnum):
    """Why an alert is not told of now."""

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


class Notice(BaseModel):
    """``id`` follows from group, number and time, so a receiver can tell a repeat of the same notice.

    ``alerts`` begins with those that fire, worst first, then oldest; ``firing`` and ``resolved`` count all there are.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    receiver: str
    group_key: str
    number: int
    time: Time
    status: Literal["firing", "resolved"]
    reason: NoticeReason
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    firing: int
    resolved: int
    alerts: tuple[Alert, ...]

    @property
    def truncated(self) -> int:
        """How many alerts are not listed."""
        return self.firing + self.resolved - len(self.alerts)


class NoticeBox(Protocol):
    """Where notices wait to be sent. ``put`` commits with what it was made of."""

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; the oldest go, counted, where there is no room."""
