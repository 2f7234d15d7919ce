"""Bad messages, made from the registry of kinds: each field's edge values, forged names, truncated and huge payloads.

The same seed makes the same messages. None of them is one that a service of the suite would be right to act upon: the
device, the types and the epochs are the neighbour's own, so that the good load can be compared with its oracle.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.kinds import KINDS, Kind
from shared.messages import Message
from shared.services import suite_of
from shared.topics import Topics

SERVICES = suite_of(optional=True)
SILLY = ("a b", "ü…🔋", "x" * 500, "'; DROP TABLE outbox; --", "..", "$SYS", "NaN", "-1", "a/b", "", "%s%n", "\x1b[2J")
NAMES = (*SERVICES, "fuzz", "sensor_reader-fuzz", "home", "host", "fuzz.fuzz", "f" * 128)
TEXTS = ("", "fuzz", "\x00", "\x1b[31m", "é" * 2000, "<script>", "=1+1", "\ud800", "0001-01-01T00:00:00Z", "a\nb")
NUMBERS = (0, -1, 1, 2**31, 2**53, 2**62, 2**63 - 1, 2**63, -(2**63), 10**30, 1e308, 0.1, -0.0)
TIMES = (
    "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "noon",
    "9000-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z",
)  # fmt: skip
WORDS = ("online", "offline", "stopped", "good", "bad", "critical", "INFO", "firing", "done", "fuzz")
HUGE = 300_000
DEEP = 3000


@dataclass(frozen=True, slots=True)
class Bad:
    """One message, and the name that its topic says it is of."""

    kind: str
    speaker: str
    topic: str
    payload: bytes
    retain: bool


class Grammar:
    """Makes bad messages for every kind there is."""

    def __init__(self, seed: int, topics: Topics) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable
        self._topics = topics
        self._schemas: dict[str, dict[str, Any]] = {}

    def next(self, kinds: Sequence[str] = tuple(KINDS), speaker: str = "") -> Bad:
        """Return one; ``speaker`` fills the topic's level that says who speaks, where the kind has one."""
        kind = KINDS[self._chance.choice(kinds)]
        levels = {level.rstrip("*"): self._name() for level in kind.levels}
        if kind.name in ("stream", "event"):
            levels |= {"stream": self._chance.choice(("raw", "event", "sample", "trigger", "fuzz"))}
        if kind.speaker and speaker:
            levels[kind.speaker] = speaker
        topic = f"{self._topics.root}/{self._topics.site}/" + "/".join(
            levels[step.strip("{}*")] if step[0] == "{" else step for step in kind.steps
        )
        topic = "".join(each for each in topic if each not in "+#\0")[:2000]
        retain = self._chance.random() < 0.05
        return Bad(kind.name, levels.get(kind.speaker, ""), topic, self._payload(kind, levels), retain)

    def flip(self, share: float) -> bool:
        """Return True in that share of all calls."""
        return self._chance.random() < share

    def _name(self) -> str:
        return self._chance.choice(SILLY if self._chance.random() < 0.2 else NAMES)

    # ---- payloads

    def _payload(self, kind: Kind, levels: dict[str, str]) -> bytes:
        makers: tuple[Callable[[Kind, dict[str, str]], bytes], ...] = (
            self._well_formed, self._well_formed, self._well_formed, self._well_formed,
            self._broken_field, self._broken_field, self._cut, self._bytes, self._shape,
        )  # fmt: skip
        if self._chance.random() < 0.002:
            return b'{"type": "device.error", "data": {"x": "' + b"x" * HUGE + b'"}}'
        return self._chance.choice(makers)(kind, levels)

    def _content(self, kind: Kind, levels: dict[str, str]) -> dict[str, Any]:
        model = kind.model or KINDS.get(levels.get("stream", ""), KINDS["raw"]).model or KINDS["raw"].model
        assert model is not None
        schema = self._schema(model)
        content = {
            name: self._value(name, field, schema.get("$defs", {}))
            for name, field in schema.get("properties", {}).items()
            if name in schema.get("required", ()) or self._chance.random() < 0.7
        }
        content |= {name: level for name, level in levels.items() if name in content and self._chance.random() < 0.8}
        content |= {"device": "fuzz", "epoch": self._chance.choice(("fuzz", "fuzz2", "", "a b"))}
        if kind.name == "stream" and self._chance.random() < 0.5:
            content |= {"seq": self._chance.randint(0, 50), "values": {"fuzz": 1}}
        if "type" in content and self._chance.random() < 0.7:
            content["type"] = self._chance.choice(("device.error", "no.such.type", "fuzz"))
        content.pop("simulated", None)
        return content

    def _schema(self, model: type[Message]) -> dict[str, Any]:
        if model.__name__ not in self._schemas:
            self._schemas[model.__name__] = model.model_json_schema()
        return self._schemas[model.__name__]

    def _value(self, name: str, field: dict[str, Any], parts: dict[str, Any], depth: int = 0) -> Any:
        if "$ref" in field:
            field = parts.get(field["$ref"].rsplit("/", 1)[-1], {})
        if "anyOf" in field:
            field = self._chance.choice(field["anyOf"])
            return self._value(name, field, parts, depth)
        if "enum" in field:
            return self._chance.choice((*field["enum"], *WORDS))
        if field.get("format") == "date-time":
            return self._chance.choice(TIMES)
        return self._by_type(name, field, parts, depth)

    def _by_type(self, name: str, field: dict[str, Any], parts: dict[str, Any], depth: int) -> Any:
        match field.get("type"):
            case "string":
                return self._chance.choice((*TEXTS, *NAMES) if "pattern" in field or depth else (*TEXTS, *WORDS))
            case "integer" | "number":
                return self._chance.choice(NUMBERS)
            case "boolean":
                return self._chance.choice((True, False))
            case "array":
                return [self._value(name, field.get("items", {}), parts, depth + 1) for _ in range(depth < 3)]
            case "object" if depth < 4:
                return self._object(name, field, parts, depth)
            case _:
                return self._chance.choice((None, 1, "fuzz", [], {}))

    def _object(self, name: str, field: dict[str, Any], parts: dict[str, Any], depth: int) -> dict[str, Any]:
        if "properties" in field:
            return {key: self._value(key, each, parts, depth + 1) for key, each in field["properties"].items()}
        inner = field.get("additionalProperties")
        keys = self._chance.sample(("fuzz", "raw", "event", "", "a b", "\x00", "k" * 300), 2)
        return {key: self._value(name, inner if isinstance(inner, dict) else {}, parts, depth + 1) for key in keys}

    # ---- ways to be bad

    def _well_formed(self, kind: Kind, levels: dict[str, str]) -> bytes:
        return _json(self._content(kind, levels))

    def _broken_field(self, kind: Kind, levels: dict[str, str]) -> bytes:
        content = self._content(kind, levels)
        name = self._chance.choice(sorted(content))
        if self._chance.random() < 0.4:
            del content[name]
        else:
            content[name] = self._chance.choice((None, [], {}, "x", 1.5, True, [[[]]], {"a": {"b": {}}}, *NUMBERS))
        return _json(content)

    def _cut(self, kind: Kind, levels: dict[str, str]) -> bytes:
        whole = _json(self._content(kind, levels))
        return whole[: self._chance.randint(0, len(whole))]

    def _bytes(self, _: Kind, __: dict[str, str]) -> bytes:
        return self._chance.randbytes(self._chance.randint(0, 200))

    def _shape(self, _: Kind, __: dict[str, str]) -> bytes:
        return self._chance.choice(
            (b"", b"null", b"NaN", b"[]", b"{}", b'"x"', b"1" + b"0" * 400, b"[" * DEEP, b'{"a":' * DEEP, b"\xff\xfe")
        )


def _json(content: Any) -> bytes:
    return json.dumps(content).encode("utf-8", "surrogatepass")
