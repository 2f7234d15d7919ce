"""Topic strings are built and read here, and nowhere else.

Rules:
1. A topic is ``{root}/{site}/…``; what follows is a row of ``shared.kinds``, whose levels pick the kind.
2. ``build`` and ``parse`` are inverses over ``KINDS``.
3. A name placed in a topic is one level: letters, digits, ``_ . -`` and never a wildcard or a slash.
   Only a level marked ``{…*}``, always the last, may span levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.kinds import KINDS, Kind, kind_of
from shared.messages import Message
from shared.names import NAME, type_levels

__all__ = ["NAME", "TopicError", "Topics", "type_levels"]

TOPICS_KEPT = 8192
_BY_FIRST: dict[str, list[Kind]] = {}
for _kind in KINDS.values():
    _BY_FIRST.setdefault(_kind.steps[0], []).append(_kind)


class TopicError(ValueError):
    """A name that cannot stand in a topic, or a topic that is not of ours."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topic tree of one site. ``root`` may hold several levels, ``site`` is one."""

    root: str = "upskeep/v1"
    site: str = "home"
    _built: dict[tuple[str, object], str] = field(default_factory=dict, init=False, repr=False, compare=False)  # a memo

    def build(self, kind: str, *parts: str) -> str:
        """Return the topic of ``kind`` with its levels filled in order; raises TopicError on a bad name."""
        names = KINDS[kind].levels
        if len(parts) != len(names):
            raise TopicError(f"{kind}: wants {len(names)} parts ({', '.join(names)}), got {len(parts)}")
        for name, part in zip(names, parts, strict=True):
            levels = part.split("/") if name.endswith("*") else [part]
            if not all(NAME.match(level) for level in levels):
                raise TopicError(f"{kind}: {name.rstrip('*')} {part!r} may hold only letters, digits, _ . and -")
        return self._filled(KINDS[kind], parts)

    def of(self, message: Message) -> str:
        """Return the topic of a message; raises TopicError where one of its names cannot stand in a topic."""
        kind = kind_of(message)
        key = (kind.name, kind.tell(message))
        found = self._built.get(key)
        if found is None:
            if len(self._built) >= TOPICS_KEPT:
                self._built.clear()
            parts = [_part(message, level) for level in kind.levels]
            found = self._built[key] = self.build(kind.name, *parts)
        return found

    def parse(self, topic: str) -> tuple[str, tuple[str, ...]]:
        """Return (kind, parts) of a topic that ``build`` made; raises TopicError on any other."""
        prefix = f"{self.root}/{self.site}/"
        if not topic.startswith(prefix):
            raise TopicError(f"{topic!r} does not begin with {prefix!r}")
        levels = topic[len(prefix) :].split("/")
        kinds = _BY_FIRST.get(levels[0], [])
        for kind in kinds:
            if (parts := _match(kind, levels)) is not None:
                return kind.name, parts
        if not kinds:
            raise TopicError(f"{topic!r}: no such kind {levels[0]!r}")
        raise TopicError(f"{topic!r}: must look like {' or '.join(kind.topic for kind in kinds)}")

    def every(self, kind: str, *parts: str) -> str:
        """Return the subscription filter for all topics of ``kind`` that begin with ``parts``; "+" is any name."""
        row = KINDS[kind]
        if len(parts) == len(row.levels):
            return self._filled(row, parts)
        steps = self._filled(row, (*parts, *("+" * (len(row.levels) - len(parts))))).split("/")
        while steps[-1] == "+" and len(steps) > 1 + len(parts):
            steps.pop()
        return "/".join((*steps, "#"))

    def everything(self) -> str:
        """Return the filter for the whole site."""
        return f"{self.root}/{self.site}/#"

    def _filled(self, kind: Kind, parts: tuple[str, ...]) -> str:
        rest = iter(parts)
        return "/".join((self.root, self.site, *(next(rest) if step[0] == "{" else step for step in kind.steps)))


def _part(message: Message, level: str) -> str:
    if not level.endswith("*"):
        return str(getattr(message, level))
    return type_levels(getattr(message, "category", ""), getattr(message, level[:-1]))


def _match(kind: Kind, levels: list[str]) -> tuple[str, ...] | None:
    """Return the parts of a topic's levels below the site, or None where they are not of this kind."""
    steps = kind.steps
    if steps[-1].endswith("*}") and len(levels) >= len(steps):
        levels = [*levels[: len(steps) - 1], "/".join(levels[len(steps) - 1 :])]
    if len(levels) != len(steps) or not all(levels):
        return None
    if any(level != step for level, step in zip(levels, steps, strict=True) if step[0] != "{"):
        return None
    return tuple(level for level, step in zip(levels, steps, strict=True) if step[0] == "{")
