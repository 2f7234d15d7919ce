"""What of the routes can never work: receivers that no route leads to, and routes that no alert can reach."""

from __future__ import annotations

from collections.abc import Iterator

from services.alerter.core.matchers import Matcher
from services.alerter.core.notify.dispatch import Plan
from services.alerter.core.notify.routes import Route
from shared.messages import Severity

SEVERITIES = {severity.value for severity in Severity}


def routing_faults(plan: Plan, rules: frozenset[str]) -> Iterator[str]:
    """Yield, for a person, each receiver without a route and each route that can never match.

    ``rules`` are the names of all rules in force.
    """
    reachable = dict.fromkeys(route.receiver for route in _reachable(plan.route, (), rules))
    for receiver in plan.receivers:
        if receiver not in reachable:
            yield (
                f"receivers.{receiver}: no route leads to it, so it is never notified; "
                f"name it in a route, like: routes: [{{receiver: {receiver}, matchers: [...]}}]"
            )
    for route, reason in _dead(plan.route, (), rules):
        yield f"{_place(route)}: can never match: {reason}"


def _reachable(route: Route, above: tuple[Matcher, ...], rules: frozenset[str]) -> Iterator[Route]:
    yield route
    matchers = (*above, *route.matchers)
    for number, below in enumerate(route.routes):
        if _why_dead(below, route.routes[:number], matchers, rules) is None:
            yield from _reachable(below, matchers, rules)


def _dead(route: Route, above: tuple[Matcher, ...], rules: frozenset[str]) -> Iterator[tuple[Route, str]]:
    matchers = (*above, *route.matchers)
    for number, below in enumerate(route.routes):
        reason = _why_dead(below, route.routes[:number], matchers, rules)
        if reason is not None:
            yield below, reason
        else:
            yield from _dead(below, matchers, rules)


def _why_dead(route: Route, before: tuple[Route, ...], above: tuple[Matcher, ...], rules: frozenset[str]) -> str | None:
    matchers = (*above, *route.matchers)
    for one in (matcher for matcher in matchers if matcher.sign == "="):
        other = next((m for m in matchers if m.name == one.name and not m.holds(one.value)), None)
        if other is not None:
            return f"{one} and {other} exclude each other"
    known = {"rule": rules, "severity": SEVERITIES}
    for one in route.matchers:
        if one.name in known and not any(one.holds(value) for value in known[one.name]):
            return f"no {one.name} passes {one}"
    # A route without ``continue`` keeps what it takes, so a later one with all its matchers sees nothing.
    taker = next((b for b in before if not b.go_on and set(b.matchers) <= set(matchers)), None)
    if taker is None:
        return None
    return f"{_place(taker)} takes all of it before; give that one continue: true, or move it"


def _place(route: Route) -> str:
    """Return a route's place in the file: ``route.routes.0.routes.2``."""
    return "route" + "".join(f".routes.{number}" for number in route.path.split(".")[1:])
