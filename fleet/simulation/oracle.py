"""What must be counted of records, and which alerts must come of them: a pure function of their JSON.

It shares no code with the workers: it reads each record by itself, and each rule is written down here once more, as
plainly as it is said. What raw frames make stands beside them in its argument (``own_processor``).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Share:
    """More than ``share`` of a region's sites had an event of ``type`` within the window."""

    rule: str
    type: str
    share: float
    window: timedelta
    least_sites: int = 1


class RegionalAlert(NamedTuple):
    """An alert over a region, from its firing on; ``until`` is None while it fires."""

    rule: str
    region: str
    since: datetime
    until: datetime | None


@dataclass(slots=True)
class Expected:
    """What must come of records, whatever is killed and however often one is repeated."""

    events: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # site, type
    hours: Counter[tuple[str, str, datetime]] = field(default_factory=Counter)
    alerts: dict[tuple[str, str, str], tuple[str, datetime]] = field(default_factory=dict)  # site, rule, key
    sites: set[str] = field(default_factory=set)
    spells: list[RegionalAlert] = field(default_factory=list)


def expected(values: Iterable[bytes], shares: Iterable[Share] = ()) -> Expected:
    """Return what must come of the records' values. A site's region is what stands before its last hyphen."""
    found = Expected()
    seen: set[tuple[str, str]] = set()
    latest: dict[tuple[str, str, str], int] = {}
    times: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    newest: dict[str, datetime] = {}
    for value in values:
        said = json.loads(value)
        site, message = said["site"], said["message"]
        region, at = _region(site), datetime.fromisoformat(message["time"])
        newest[region] = max(at, newest.get(region, at))
        found.sites.add(site)
        if said["kind"] == "event" and (site, message["id"]) not in seen:
            seen.add((site, message["id"]))
            _count(found, site, message["type"], at)
            times[message["type"]].append((at, site))
        elif said["kind"] == "alert":
            _remember(found, latest, said, at)
    sites = Counter(map(_region, found.sites))
    for share in shares:
        for region in sorted(sites):
            if sites[region] >= share.least_sites:
                events = [(at, site) for at, site in times[share.type] if _region(site) == region]
                found.spells += spells(share, region, events, sites[region], newest[region])
    return found


def _region(site: str) -> str:
    return site[: site.rindex("-")] if "-" in site else "none"


def _count(found: Expected, site: str, kind: str, at: datetime) -> None:
    found.events += 1
    found.counts[site, kind] += 1
    found.hours[site, kind, at.replace(minute=0, second=0, microsecond=0)] += 1


def _remember(found: Expected, latest: dict[tuple[str, str, str], int], said: Any, at: datetime) -> None:
    """Keep an alert's newest word: the one with the highest number."""
    key = (said["site"], said["message"]["rule"], said["message"]["key"])
    if said["seq"] > latest.get(key, 0):
        latest[key] = said["seq"]
        found.alerts[key] = (said["message"]["state"], at)


def spells(
    share: Share, region: str, events: Iterable[tuple[datetime, str]], sites: int, newest: datetime
) -> Iterator[RegionalAlert]:
    """Yield the spells of a region: look at every moment at which an event comes into the window or falls out of it."""
    coming = deque(sorted(events))
    going: deque[tuple[datetime, str]] = deque()
    inside: Counter[str] = Counter()
    since: datetime | None = None
    while coming or going:
        moment = min([each[0][0] for each in (coming, going) if each])
        if moment > newest:
            break
        while coming and coming[0][0] == moment:
            _, site = coming.popleft()
            inside[site] += 1
            going.append((moment + share.window, site))
        while going and going[0][0] == moment:
            _, site = going.popleft()
            inside[site] -= 1
            if not inside[site]:
                del inside[site]
        fires = len(inside) / sites > share.share
        if fires and since is None:
            since = moment
        elif not fires and since is not None:
            yield RegionalAlert(share.rule, region, since, moment)
            since = None
    if since is not None:
        yield RegionalAlert(share.rule, region, since, None)
