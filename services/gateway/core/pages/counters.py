"""*Counters*: how often each type happened, and how often it may before an alert fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.lists import MOST, table
from shared.messages import Counter


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of a type are all right in an hour and a day, None: any number. ``per``: site, device or incident."""

    hourly: int | None
    daily: int | None
    per: str = "site"


NO_LIMIT = Limit(None, None)


def counters_content(
    counters: Sequence[Counter], limits: Mapping[str, Limit], describe: Callable[[str], str]
) -> h.Node:
    """Return how often each type has happened: those over a limit first, then the busiest of today."""
    if not counters:
        return h.p["Nothing has been counted yet."]
    ordered = sorted(counters, key=lambda each: (-_over(each, limits), -each.last_day, -each.total, each.type))
    heads = ("Event", "In all", "Last hour", "Last day", "Last time")
    rows = (
        (
            [h.code[each.type], h.span(".dim")[describe(each.type)]],
            f"{each.total:,}",
            _against(each.last_hour, limit.hourly, limit.per),
            _against(each.last_day, limit.daily, limit.per),
            moment(each.last_time),
        )
        for each in ordered[:MOST]
        for limit in [limits.get(each.type, NO_LIMIT)]
    )
    return [
        h.div(".numbers")[table("Counted events, by type, and the limits of their alerts", heads, rows)],
        h.p(".dim")["A limit is how many are still all right; one more, and an alert fires. Limits a device or an"
                    " incident are judged for each of them, and this table counts the whole site."],
    ]  # fmt: skip


def _over(counter: Counter, limits: Mapping[str, Limit]) -> bool:
    limit = limits.get(counter.type, NO_LIMIT)
    return any(most is not None and count > most and limit.per == "site"
               for count, most in ((counter.last_hour, limit.hourly), (counter.last_day, limit.daily)))  # fmt: skip


def _against(count: int, most: int | None, per: str) -> h.Node:
    if most is None:
        return f"{count:,}"
    if per != "site":
        return [f"{count:,} ", h.span(".dim")[f"{most:,} a {per}"]]
    return [h.span(".badge.warning")[f"{count:,} of {most:,}"] if count > most else f"{count:,} of {most:,}"]
