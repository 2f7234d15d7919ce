"""The compiled pipeline of a site: what applies to each event type, so that no event needs a search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.event_processor.core.catalogue.event_types import Catalogue, suggestion
from services.event_processor.core.catalogue.type_filters import chosen, is_name
from services.event_processor.core.correlation.correlator import CompiledPatterns, compile_patterns
from services.event_processor.core.correlation.patterns import Clue, PatternRules
from services.event_processor.core.pipeline.rules import AnyHandler, EventRoute, PipelineRules, RateLimit, Webhook
from services.event_processor.core.pipeline.work import DEAD_LETTER
from services.event_processor.core.rules.compiled import CompiledRules
from shared.messages import Severity

RANK = {severity: rank for rank, severity in enumerate(Severity)}  # least first
PathPart = str | int


@dataclass(frozen=True, slots=True)
class TypeRoute:
    """What applies to one event type. ``barred``: the type filter drops it, unless it is critical.

    ``handlers``: those of every event of the type; None where they depend on the event.
    """

    barred: bool
    limit: RateLimit | None
    correlates: bool
    routes: tuple[EventRoute, ...]
    handlers: tuple[str, ...] | None
    triggers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """The settings of the pipeline, compiled. ``stamp`` is what enrichment adds to every event."""

    compiled: CompiledRules
    rules: PipelineRules
    patterns: CompiledPatterns
    type_routes: Mapping[str, TypeRoute]
    at_least: int
    zones: frozenset[str]
    stamp: Mapping[str, str]

    def handler(self, name: str) -> AnyHandler:
        """Return a handler by its name; raises KeyError for an unknown one."""
        return self.rules.handlers[name]


def compile_plan(
    compiled: CompiledRules,
    rules: PipelineRules | None = None,
    patterns: PatternRules | None = None,
    stamp: Mapping[str, str] | None = None,
) -> PipelinePlan:
    """Return the plan of a site; without ``rules`` nothing is filtered, added or routed."""
    rules = rules or PipelineRules()
    ready = compile_patterns(compiled.site, patterns or NO_PATTERNS, compiled.catalogue)
    catalogue = compiled.catalogue
    only, never = chosen(rules.filters.only, catalogue), chosen(rules.filters.never, catalogue)
    limits = {name: limit for limit in reversed(rules.filters.rate_limits) for name in chosen([limit.types], catalogue)}
    taken = [(each, chosen(each.types, catalogue)) for each in rules.routes]
    routes = {name: tuple(each for each, names in taken if name in names) for name in catalogue}
    type_routes = {
        name: TypeRoute(
            name in never or bool(rules.filters.only and name not in only),
            limits.get(name),
            name in ready.related or name in ready.interests,
            routes[name],
            _for_all(routes[name]) if name != DEAD_LETTER else None,
            kind.triggers,
        )
        for name, kind in catalogue.items()
    }
    least = RANK[rules.filters.at_least]
    return PipelinePlan(compiled, rules, ready, type_routes, least, frozenset(rules.filters.zones), stamp or {})


def _for_all(routes: Sequence[EventRoute]) -> tuple[str, ...] | None:
    """Return the handlers of routes that every event takes, each once; None if a route depends on the event."""
    if any(RANK[route.at_least] or route.devices or route.zones for route in routes):
        return None
    return tuple(dict.fromkeys(name for route in routes for name in route.handlers))


def without_handlers(plan: PipelinePlan) -> PipelinePlan:
    """Return the plan for history: the same filters and correlation, but no handlers and triggers."""
    return compile_plan(plan.compiled, plan.rules.model_copy(update={"routes": ()}), plan.patterns.rules, plan.stamp)


NO_PATTERNS = PatternRules.model_validate({"related": {"most": 0}})


def pipeline_faults(rules: PipelineRules, catalogue: Catalogue) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    """Yield (path, what is wrong) of every unknown name and bad address."""
    yield from _type_faults(_filters_named(rules), catalogue)
    for i, route in enumerate(rules.routes):
        for k, name in enumerate(route.handlers):
            if name not in rules.handlers:
                yield ("routes", i, "handlers", k), f"no such handler {name!r}{suggestion(name, rules.handlers)}"
    for name, handler in rules.handlers.items():
        if isinstance(handler, Webhook) and (fault := _address_fault(handler.url, rules.webhooks_allowed)):
            yield ("handlers", name, "url"), fault


def _filters_named(rules: PipelineRules) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    for part in ("only", "never"):
        for i, text in enumerate(getattr(rules.filters, part)):
            yield ("filters", part, i), text
    for i, limit in enumerate(rules.filters.rate_limits):
        yield ("filters", "rate_limits", i, "types"), limit.types
    for i, route in enumerate(rules.routes):
        for k, text in enumerate(route.types):
            yield ("routes", i, "types", k), text


def pattern_faults(rules: PatternRules, catalogue: Catalogue) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    """Yield (path, what is wrong) of every unknown event type."""
    yield from _type_faults(_patterns_named(rules), catalogue)


def _patterns_named(rules: PatternRules) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    for i, text in enumerate(rules.related.except_for):
        yield ("related", "except_for", i), text
    for name, pattern in rules.patterns.items():
        for role in ("of", "joins", "ends"):
            for i, item in enumerate(getattr(pattern, role)):
                yield ("patterns", name, role, i), item.types if isinstance(item, Clue) else item


def _type_faults(
    named: Iterable[tuple[tuple[PathPart, ...], str]], catalogue: Catalogue
) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    for path, text in named:
        if chosen([text], catalogue):
            continue
        if is_name(text):
            yield path, f"no such event type {text!r} in events.yaml{suggestion(text, catalogue)}"
        else:
            yield path, f"no event type of events.yaml is on a topic like {text!r}"


def _address_fault(url: str, allowed: tuple[str, ...]) -> str | None:
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    if scheme not in ("http", "https") or not host:
        return "is no http:// or https:// address"
    if "@" in host:
        return "holds a name or password; put the token into a file and name it in token_file"
    if _climbs(rest):
        return "steps up its path with ..; write where it leads to"
    if not any(_begins(url, prefix) for prefix in allowed):
        return "is not allowed; add how it begins to webhooks_allowed if events may go there"
    return None


def _climbs(rest: str) -> bool:
    """Whether a path holds ``..``, also percent-encoded (repeatedly) or with backslashes."""
    plain, before = rest.lower(), ""
    while plain != before:
        before = plain
        for code, sign in (("%25", "%"), ("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("\\", "/")):
            plain = plain.replace(code, sign)
    return any(step in (".", "..") for step in plain.split("?")[0].split("#")[0].split("/"))


def _begins(url: str, prefix: str) -> bool:
    """Whether a URL lies below a prefix, by whole levels: https://a.example must not allow https://a.example.org."""
    return url == prefix or url.startswith(prefix if prefix.endswith("/") else prefix + "/")
