"""Who is notified, together with what, and how often: the tree of routes, as Alertmanager has it.

An alert goes down to the deepest route that matches; at each level the first that matches takes it, unless that says
``go_on`` (``continue`` in the file).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.alerter.core.matchers import Matcher, all_hold

EVERYTHING = "..."  # in group_by: every label, each alert for itself


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
    """Who is notified; how is the business of the delivery workers."""

    name: str
    send_resolved: bool = True


@dataclass(frozen=True, slots=True)
class Flapping:
    """An alert that fires ``fires`` times within ``within`` flaps: until it is calm it is notified as firing."""

    fires: int = 4
    within: timedelta = timedelta(hours=1)
