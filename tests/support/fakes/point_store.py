"""A PointStore in memory that answers like InfluxDB 1.6.7: merges points, keeps field types, stores what is good."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.counter_store.core.influx.ports import Refused, Unavailable

Value = bool | int | float | str
Series = tuple[str, tuple[tuple[str, str], ...]]

_PLACE = re.compile(r"(?P<series>(?:\\.|[^ \\])+) (?P<fields>.+) (?P<time>-?\d+)\Z", re.DOTALL)
_FIELD = re.compile(r'(?P<key>(?:\\.|[^=\\])+)=(?P<value>"(?:\\.|[^"\\])*"|[^,"]+)(?:,|\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ParsedPoint:
    """One line, read back."""

    series: Series
    fields: dict[str, Value]
    time_ns: int


@dataclass(slots=True)
class FakePointStore:
    """``failure``, when set, is what every write raises; ``most_lines`` is what one write may hold."""

    points: dict[tuple[Series, int], dict[str, Value]] = field(default_factory=dict)
    types: dict[tuple[str, str], type] = field(default_factory=dict)
    writes: list[int] = field(default_factory=list)
    failure: Unavailable | None = None
    most_lines: int = 1_000_000
    closed: bool = False

    def write(self, lines: Sequence[str]) -> None:
        self.writes.append(len(lines))
        if self.failure is not None:
            raise self.failure
        if len(lines) > self.most_lines:
            raise Refused("413: too large")
        faults = [fault for line in lines if (fault := self._take(line))]
        if faults:
            raise Refused(f"partial write: {faults[0]}")

    def close(self) -> None:
        self.closed = True

    def _take(self, line: str) -> str:
        try:
            point = parse_line(line)
        except ValueError as error:
            return str(error)
        measurement = point.series[0]
        for name, value in point.fields.items():
            known = self.types.setdefault((measurement, name), type(value))
            if known is not type(value):
                return f"field type conflict: {name} is {type(value).__name__}, already exists as {known.__name__}"
        self.points.setdefault((point.series, point.time_ns), {}).update(point.fields)
        return ""


def parse_line(line: str) -> ParsedPoint:
    """Read one line of line protocol; raises ValueError."""
    found = _PLACE.match(line)
    if found is None:
        raise ValueError(f"unable to parse {line!r}")
    measurement, *tags = re.split(r"(?<!\\),", found["series"])
    pairs = [re.split(r"(?<!\\)=", tag, maxsplit=1) for tag in tags]
    series = (_plain(measurement), tuple(sorted((_plain(key), _plain(value)) for key, value in pairs)))
    return ParsedPoint(series, _parse_fields(found["fields"]), int(found["time"]))


def _parse_fields(text: str) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    at = 0
    while at < len(text):
        found = _FIELD.match(text, at)
        if found is None:
            raise ValueError(f"unable to parse {text!r}: bad field at {at}")
        fields[_plain(found["key"])] = _parse_value(found["value"])
        at = found.end()
    return fields


def _parse_value(text: str) -> Value:
    if text.startswith('"'):
        return _plain(text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text.endswith("i") else float(text)


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
