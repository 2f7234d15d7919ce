"""Matchers as Alertmanager has them: ``name="value"``, ``!=``, ``=~`` and ``!~``; expressions are anchored, and RE2's.

A missing label is the same as an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from services.alerter.core.patterns import Matches, whole_match

_FORM = re.compile(r'\s*([A-Za-z_][\w.]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|(.*?))\s*\Z', re.DOTALL)
LONGEST = 512


@dataclass(frozen=True, slots=True)
class Matcher:
    """One test of one label."""

    name: str
    sign: str
    value: str
    _matches: Matches | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        quoted = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}{self.sign}"{quoted}"'

    def holds(self, value: object) -> bool:
        """Whether the label's value passes."""
        return _SIGNS[self.sign](self, "" if value is None else _text(value))


_SIGNS: dict[str, Callable[[Matcher, str], bool]] = {
    "=": lambda matcher, text: text == matcher.value,
    "!=": lambda matcher, text: text != matcher.value,
    "=~": lambda matcher, text: matcher._matches is not None and matcher._matches(text),
    "!~": lambda matcher, text: matcher._matches is None or not matcher._matches(text),
}


def parse_matcher(text: str) -> Matcher:
    """Return the matcher written as ``text``; raises ValueError with what would be right."""
    found = _FORM.match(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError('is no matcher; write name="value", name!="value", name=~"expression" or name!~"expression"')
    name, sign, quoted, plain = found.groups()
    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None and "~" not in sign else (quoted or plain or "")
    if "~" not in sign:
        return Matcher(name, sign, value)
    return Matcher(name, sign, value, whole_match(value))


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, object]) -> bool:
    """Whether every matcher passes; none at all passes."""
    return all(matcher.holds(labels.get(matcher.name)) for matcher in matchers)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
