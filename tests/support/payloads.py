"""Payloads for a model of ``shared``: everything its fields admit, and beside it what no field should."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shared.messages import Message

TIMES = st.sampled_from(
    ["2026-01-31T12:00:00Z", "1970-01-01T00:00:00Z", "2261-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00",
     "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2026-01-31T12:00:00", "now"]
)  # fmt: skip
NUMBERS = st.sampled_from(
    [0, 1, -1, 2**53 + 1, 2**63 - 2, 2**63 - 1, -(2**63), 2**63, 10**30, 10**400, 1e308, -1e-308, 0.1]
)
CHARACTERS = st.characters(exclude_categories=["Cs"])  # JSON cannot say a lone surrogate in UTF-8
TEXTS = st.text(CHARACTERS, max_size=12) | st.sampled_from(
    [
        "",
        ".",
        "..",
        "a b",
        "a/b",
        "+",
        "#",
        "$SYS",
        "a..b",
        ".a",
        "a.",
        "\0",
        "\x1b[2J",
        "a\nb",
        "\ufffe",
        "n" * 129,
        "n" * 600,
    ]
)
NAMES = st.sampled_from(
    ["ups", "sensor", "sensor.vpd", "AC_POWER_LOSS", "-1", "a.b.c", "power", "home", "event_processor"]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def _deep(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = {"a": found}
    return found


FREE = st.dictionaries(TEXTS | NAMES, ANYTHING, max_size=4) | st.sampled_from([15, 16, 17, 150]).map(_deep)


def payloads(model: type[Message]) -> st.SearchStrategy[Any]:
    """Return objects as JSON has them: each field by its schema or hostile, optional ones there or not."""
    schema = model.model_json_schema(by_alias=True)
    return _of(schema, schema.get("$defs", {}))


def _of(schema: dict[str, Any], parts: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _of(parts[schema["$ref"].rsplit("/", 1)[-1]], parts)
    if "anyOf" in schema:
        return st.one_of(*(_of(option, parts) for option in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "properties" in schema:
        return _object(schema, parts)
    kind = schema.get("type")
    if kind == "string":
        return TIMES if schema.get("format") == "date-time" else _text(schema)
    if kind == "array":
        items = schema.get("prefixItems")
        if items:
            return st.tuples(*(_of(item, parts) for item in items)).map(list)
        return st.lists(_of(schema["items"], parts), max_size=2)
    if kind == "object":
        entries = schema.get("additionalProperties")
        return st.dictionaries(NAMES | TEXTS, _of(entries, parts), max_size=2) if isinstance(entries, dict) else FREE
    simple = {"integer": NUMBERS, "number": NUMBERS, "boolean": st.booleans(), "null": st.none()}
    return simple.get(str(kind), ANYTHING)


def _text(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    usual = st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else TEXTS
    return NAMES | usual | TEXTS


def _object(schema: dict[str, Any], parts: dict[str, Any]) -> st.SearchStrategy[Any]:
    fields = {name: _mostly(_of(field, parts)) for name, field in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def _mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what the schema says nine times out of ten, and anything else now and then."""
    return st.integers(0, 9).flatmap(lambda number: ANYTHING if number == 9 else usual)
