"""Every topic string of the suite stands in this file, and nowhere else.

Rules:
1. A topic is ``{root}/{site}/{kind}/...``; ``kind`` picks the pattern in ``PATTERNS``.
2. ``build`` and ``parse`` are inverses over ``PATTERNS``.
3. A name placed in a topic is one level: letters, digits, ``_ . -`` and never a wildcard or a slash.
   Only a pattern's last part, when marked ``{...*}``, may span levels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERNS: dict[str, tuple[str, ...]] = {
    # kind          the levels below it, in order
    "raw": ("device",),
    "ingest": ("producer",),
    "event": ("category", "type*"),
    "state": ("device",),
    "trigger": ("name",),
    "incident": ("pattern", "key"),
    "counter": ("type*",),
    "health": (),
    "report": ("kind",),
    "alert": ("rule", "key"),
    "notice": ("receiver",),
    "command": ("target", "name"),
    "result": ("target", "name"),
    "request": ("service", "name"),
    "response": ("service", "name"),
    "status": ("service",),
    "checkpoint": ("consumer", "producer"),
    "resend": ("consumer",),
    "deadletter": ("service",),
}

NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}\Z")


class TopicError(ValueError):
    """A name that cannot stand in a topic, or a topic that is not of ours."""


def type_levels(category: str, event_type: str) -> str:
    """Turn an event type into topic levels: dots become slashes, a leading category is not repeated.

    ``("sensor", "sensor.threshold.exceeded")`` → ``threshold/exceeded``; ``("power", "AC_POWER_LOSS")`` stays.
    """
    return event_type.removeprefix(category + ".").replace(".", "/")


@dataclass(frozen=True, slots=True)
class Topics:
    """The topic tree of one site. ``root`` may hold several levels, ``site`` is one."""

    root: str = "upskeep/v1"
    site: str = "home"

    def build(self, kind: str, *parts: str) -> str:
        """Return the topic of ``kind`` with its levels filled in order; raises TopicError on a bad name."""
        names = PATTERNS[kind]
        if len(parts) != len(names):
            raise TopicError(f"{kind}: wants {len(names)} parts ({', '.join(names)}), got {len(parts)}")
        for name, part in zip(names, parts, strict=True):
            levels = part.split("/") if name.endswith("*") else [part]
            if not all(NAME.match(level) for level in levels):
                raise TopicError(f"{kind}: {name.rstrip('*')} {part!r} may hold only letters, digits, _ . and -")
        return "/".join((self.root, self.site, kind, *parts))

    def parse(self, topic: str) -> tuple[str, tuple[str, ...]]:
        """Return (kind, parts) of a topic that ``build`` made; raises TopicError on any other."""
        prefix = f"{self.root}/{self.site}/"
        if not topic.startswith(prefix):
            raise TopicError(f"{topic!r} does not begin with {prefix!r}")
        kind, *levels = topic[len(prefix) :].split("/")
        names = PATTERNS.get(kind)
        if names is None:
            raise TopicError(f"{topic!r}: no such kind {kind!r}")
        if names and names[-1].endswith("*") and len(levels) >= len(names):
            levels = [*levels[: len(names) - 1], "/".join(levels[len(names) - 1 :])]
        if len(levels) != len(names) or not all(levels):
            raise TopicError(f"{topic!r}: {kind} wants the levels {', '.join(names) or '(none)'}")
        return kind, tuple(levels)

    def every(self, kind: str, *parts: str) -> str:
        """Return the subscription filter for all topics of ``kind`` that begin with ``parts``; "+" is any name."""
        if len(parts) == len(PATTERNS[kind]):
            return "/".join((self.root, self.site, kind, *parts))
        return "/".join((self.root, self.site, kind, *parts, "#"))

    def everything(self) -> str:
        """Return the filter for the whole site."""
        return f"{self.root}/{self.site}/#"
