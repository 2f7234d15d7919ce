"""The rest of ``config/alerts.yaml``: routes, receivers, inhibition, time intervals. Names are Alertmanager's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from services.alerter.core.matchers import parse_matcher
from services.alerter.core.notify.inhibition import InhibitRule
from services.alerter.core.notify.intervals import Interval, Range
from services.alerter.core.notify.routes import Flapping, Route
from services.alerter.settings.durations import LongSpan, Span
from services.alerter.settings.rules import MatcherText
from shared.messages import Name
from shared.placed_error import Place
from shared.settings import Settings

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NO_NAMES: tuple[str, ...] = ()


def _ranges(names: tuple[str, ...], low: int, high: int, first: int = 0) -> Any:
    """Return a validator for ``a``, ``a:b`` with names or numbers from low to high."""

    def read(value: object) -> Range:
        parts = str(value).strip().lower().split(":")
        numbers = [names.index(part) + first if part in names else _number(part) for part in parts]
        start, end = numbers[0], numbers[-1]
        good = len(parts) <= 2 and all(low <= number <= high and (number or not low < 0) for number in numbers)
        if not good or (start > end and (start > 0) is (end > 0)):
            examples = f"{names[0]}:{names[-1]}" if names else f"{max(low, 1)}:{high}"
            raise ValueError(f"is no range; write one like {examples}")
        return start, end

    return BeforeValidator(read)


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,4}", text):
        return -10_000
    return int(text)


def _minutes(text: object) -> int:
    found = re.fullmatch(r"(\d\d):(\d\d)", text) if isinstance(text, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if found is None or int(found[2]) > 59 or minutes > 24 * 60:
        raise ValueError('is no time of day; write it in quotes, like "22:00" (the end of the day is "24:00")')
    return minutes


def _location(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone known here; write one like Europe/Vienna or UTC") from None
    return name


Location = Annotated[str, AfterValidator(_location)]
Minutes = Annotated[int, BeforeValidator(_minutes)]
Weekdays = Annotated[Range, _ranges(_DAYS, 0, 6)]
DaysOfMonth = Annotated[Range, _ranges(_NO_NAMES, -31, 31)]
Months = Annotated[Range, _ranges(_MONTHS, 1, 12, 1)]
Years = Annotated[Range, _ranges(_NO_NAMES, 1970, 9999)]


class TimesSettings(Settings):
    """A part of the day, from its start until before its end; a night needs two."""

    start_time: Minutes
    end_time: Minutes


class IntervalSettings(Settings):
    """One interval; a missing part always holds."""

    times: tuple[TimesSettings, ...] = ()
    weekdays: tuple[Weekdays, ...] = ()
    days_of_month: tuple[DaysOfMonth, ...] = ()
    months: tuple[Months, ...] = ()
    years: tuple[Years, ...] = ()
    location: Location = "UTC"

    def interval(self) -> Interval:
        """Return the interval."""
        minutes = tuple((part.start_time, part.end_time) for part in self.times)
        zone = ZoneInfo(self.location)
        return Interval(minutes, self.weekdays, self.days_of_month, self.months, self.years, zone)


class NamedIntervals(Settings):
    """``time_intervals``: intervals by name."""

    name: Name
    time_intervals: tuple[IntervalSettings, ...]


class InhibitSettings(Settings):
    """``inhibit_rules``: while a source fires, targets with equal labels are not notified."""

    source_matchers: Annotated[tuple[MatcherText, ...], Field(min_length=1)]
    target_matchers: Annotated[tuple[MatcherText, ...], Field(min_length=1)]
    equal: tuple[str, ...] = ()

    def rule(self) -> InhibitRule:
        """Return the rule."""
        sources, targets = (map(parse_matcher, texts) for texts in (self.source_matchers, self.target_matchers))
        return InhibitRule(tuple(sources), tuple(targets), self.equal)


class FlappingSettings(Settings):
    """``flapping``: how often within what time an alert must fire to count as flapping."""

    fires: Annotated[int, Field(ge=2, le=12)] = 4
    within: LongSpan = timedelta(hours=1)

    def flapping(self) -> Flapping:
        """Return the limits."""
        return Flapping(self.fires, self.within)


class RouteSettings(Settings):
    """A node of the tree of routes; a missing key is inherited."""

    receiver: Name | None = None
    matchers: tuple[MatcherText, ...] = ()
    group_by: tuple[str, ...] | None = None
    group_wait: Span | None = None
    group_interval: LongSpan | None = None
    repeat_interval: LongSpan | None = None
    continue_: Annotated[bool, Field(alias="continue")] = False
    mute_time_intervals: tuple[Name, ...] = ()
    active_time_intervals: tuple[Name, ...] = ()
    routes: tuple[RouteSettings, ...] = ()

    def route(self, above: Route, path: str = "0") -> Route:
        """Return the route, with missing keys from the one above."""
        here = Route(
            path=path,
            receiver=self.receiver or above.receiver,
            group_by=above.group_by if self.group_by is None else self.group_by,
            group_wait=above.group_wait if self.group_wait is None else self.group_wait,
            group_interval=self.group_interval or above.group_interval,
            repeat_interval=self.repeat_interval or above.repeat_interval,
            matchers=tuple(map(parse_matcher, self.matchers)),
            go_on=self.continue_,
            mute=self.mute_time_intervals,
            active=self.active_time_intervals,
        )
        below = (route.route(here, f"{path}.{number}") for number, route in enumerate(self.routes))
        return _with_routes(here, tuple(below))

    def all(self, where: Place = ("route",)) -> Iterator[tuple[Place, RouteSettings]]:
        """Yield every node with its place in the file."""
        yield where, self
        for number, route in enumerate(self.routes):
            yield from route.all((*where, "routes", number))


def _with_routes(route: Route, routes: tuple[Route, ...]) -> Route:
    values: Mapping[str, Any] = {name: getattr(route, name) for name in Route.__dataclass_fields__}
    return Route(**{**values, "routes": routes})


DEFAULT_ROUTE = Route(
    path="0",
    receiver="default",
    group_by=("rule", "device"),
    group_wait=timedelta(seconds=30),
    group_interval=timedelta(minutes=5),
    repeat_interval=timedelta(hours=4),
)
