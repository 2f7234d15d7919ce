"""The payload of ``notice/{receiver}``: what a receiver is sent at once about one group of alerts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.messages import Alert, Labels, Name, Sequenced, Time
from shared.names import Id, Text
from shared.values import Count


class NoticeReason(StrEnum):
    """Why a notice is given; the words are Alertmanager's, but for ``test``."""

    FIRST = "first_notification"
    NEW_ALERTS = "new_alerts_in_group"
    RESOLVED = "resolved_alerts_in_group"
    ALL_RESOLVED = "all_alerts_resolved"
    REPEAT = "repeat_interval"
    TEST = "test"


class Notice(Sequenced):
    """What a receiver is sent about a group of alerts. ``id`` is the same however often it arrives, on whatever way.

    ``alerts`` begins with those that fire, worst first, then oldest; ``firing`` and ``resolved`` count all there are.
    ``title`` and ``text`` are by the receiver's templates.
    """

    id: Id
    receiver: Name
    group_key: Text
    number: Count
    time: Time
    status: Literal["firing", "resolved"]
    reason: NoticeReason
    group_labels: Labels
    common_labels: Labels
    common_annotations: Labels
    firing: Count
    resolved: Count
    alerts: Annotated[tuple[Alert, ...], Field(max_length=10_000)]
    title: Annotated[str, Field(max_length=1_000_000)] = ""
    text: Annotated[str, Field(max_length=1_000_000)] = ""

    @property
    def truncated(self) -> int:
        """How many alerts are not listed."""
        return self.firing + self.resolved - len(self.alerts)
