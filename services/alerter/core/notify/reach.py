"""Which routes and receivers an alert can reach at all. A receiver that no alert reaches is a mistake in the settings.

Before an alert fires, only its rule, its severity and its rule's own labels are known. A label that comes from its
sample (``device``, ``zone`` …) may have any value. So a route counts as unreachable only where no rule can lead to it:
a matcher contradicts a known label or a matcher above it, or an earlier route takes everything that would reach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.alerter.core.matchers import Matcher
from services.alerter.core.notify.dispatch import NotificationPlan
from services.alerter.core.notify.routes import Route

Known = Mapping[str, str]


@dataclass(slots=True)
class Reach:
    """``passed`` are the paths of the routes that some alert reaches, ``ends`` those that notify of some alert."""

    passed: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Labels:
    """The known labels of an alert: ``fixed`` by its rule, ``chosen`` by the matchers above that it must pass."""

    fixed: Known
    chosen: Known = field(default_factory=dict)

    def passes(self, matchers: Sequence[Matcher]) -> bool | None:
        """Whether all matchers hold; None where that depends on the sample."""
        verdicts = [self._passes(matcher) for matcher in matchers]
        return False if False in verdicts else None if None in verdicts else True

    def narrowed(self, matchers: Sequence[Matcher]) -> Labels:
        """Return what is known below these matchers."""
        equal = {m.name: m.value for m in matchers if m.sign == "=" and m.name not in self.fixed}
        return Labels(self.fixed, {**self.chosen, **equal})

    def _passes(self, matcher: Matcher) -> bool | None:
        known = self.fixed.get(matcher.name, self.chosen.get(matcher.name))
        return None if known is None else matcher.holds(known)


def reach_of(route: Route, alerts: Iterable[Known]) -> Reach:
    """Return what alerts with these known labels can reach; one mapping for each rule."""
    reach = Reach()
    for known in alerts:
        _descend(route, Labels(known), reach)
    return reach


def unrouted_receivers(plan: NotificationPlan, reach: Reach) -> list[str]:
    """Return the receivers that no alert reaches, in the order of the file."""
    led_to = {route.receiver for route in plan.route.all() if route.path in reach.ends}
    return [name for name in plan.receivers if name not in led_to]


def unreachable_routes(plan: NotificationPlan, reach: Reach) -> list[Route]:
    """Return the topmost routes that no alert reaches."""
    return [
        child
        for route in plan.route.all()
        if route.path in reach.passed
        for child in route.routes
        if child.path not in reach.passed
    ]


def _descend(route: Route, labels: Labels, reach: Reach) -> bool | None:
    """Note what an alert may reach below a route; return whether the route takes it."""
    verdict = labels.passes(route.matchers)
    if verdict is False:
        return False
    reach.passed.add(route.path)
    below = labels.narrowed(route.matchers)
    surely_taken = False
    for child in route.routes:
        taken = _descend(child, below, reach)
        surely_taken = surely_taken or taken is True
        if taken is True and not child.go_on:
            break
    if not surely_taken:
        reach.ends.add(route.path)
    return verdict
