"""The tree of routes, as in Alertmanager: who is notified, what is grouped together, and how often.

An alert goes down to the deepest route that matches. At each level the first match takes it; with ``go_on``
(``continue`` in the file) the next ones are tried as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.alerter.core.matchers import Matcher, all_hold

EVERYTHING = "..."  # in group_by: every label, so that each alert is a group of its own


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the tree, with everything it inherits filled in. ``path`` names it: ``0.2.1``."""

    path: str
    receiver: str
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    matchers: tuple[Matcher, ...] = ()
    go_on: bool = False
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()

    def match(self, labels: Mapping[str, str]) -> Iterator[Route]:
        """Yield the routes that take an alert with these labels."""
        if not all_hold(self.matchers, labels):
            return
        taken = False
        for route in self.routes:
            found = list(route.match(labels))
            yield from found
            taken = taken or bool(found)
            if found and not route.go_on:
                break
        if not taken:
            yield self

    def all(self) -> Iterator[Route]:
        """Yield this route and all below it."""
        yield self
        for route in self.routes:
            yield from route.all()

    def group(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the labels by which an alert is grouped here."""
        names = sorted(labels) if EVERYTHING in self.group_by else self.group_by
        return {name: labels[name] for name in names if labels.get(name)}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is notified. The delivery workers know over which channels."""

    name: str
    send_resolved: bool = True


@dataclass(frozen=True, slots=True)
class Flapping:
    """An alert that fires ``fires`` times within ``within`` flaps. While it flaps, its ends are not notified."""

    fires: int = 4
    within: timedelta = timedelta(hours=1)
