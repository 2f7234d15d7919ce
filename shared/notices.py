"""The payload of ``notice/{receiver}``: what a receiver is told at once of one group of alerts."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from shared.messages import Alert, Name, Sequenced, Time


class NoticeReason(StrEnum):
    """Why a notice is given; the words are Alertmanager's, but for ``test``."""

    FIRST = "first_notification"
    NEW_ALERTS = "new_alerts_in_group"
    RESOLVED = "resolved_alerts_in_group"
    ALL_RESOLVED = "all_alerts_resolved"
    REPEAT = "repeat_interval"
    TEST = "test"


class Notice(Sequenced):
    """What a receiver is told of a group of alerts. ``id`` is the same however often it arrives, on whatever way.

    ``alerts`` begins with those that fire, worst first, then oldest; ``firing`` and ``resolved`` count all there are.
    ``title`` and ``text`` are by the receiver's templates.
    """

    id: str
    receiver: Name
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
    title: str = ""
    text: str = ""

    @property
    def truncated(self) -> int:
        """How many alerts are not listed."""
        return self.firing + self.resolved - len(self.alerts)
