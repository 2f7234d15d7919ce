"""The reports that are made on schedule, as they are on the wire: ``report/{kind}``, retained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.health import Health
from shared.messages import Message, Name, Time
from shared.values import Count


class CategoryCount(Message):
    """One category's events in the period, with its most frequent types."""

    total_count: Count
    event_types: Count
    top_events: tuple[tuple[str, int], ...]


class ScheduledReport(Message):
    """The last daily or weekly report in short. Its ``period`` is a day (``2026-01-31``) or ISO week (``2026-W05``).

    It is about [``since``, ``until``), whole days of UTC; the categories add up to ``total_events``. ``files`` are the
    names of what was written below the folder for reports.
    """

    kind: Literal["daily", "weekly"]
    period: Name
    site: Name
    period_days: Count
    since: Time
    until: Time
    total_events: Count
    all_time_events: Count
    event_categories: Annotated[dict[Name, CategoryCount], Field(max_length=10_000)]
    health: Health | None = None
    files: tuple[str, ...] = ()
