"""Line protocol, against the traps of its servers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.influx.line_protocol import FIRST_NS, LAST_NS, Field, encode_field, encode_point
from tests.support.fakes.point_store import parse_line

NAMES = st.text(st.characters(exclude_characters="\\\n\r\0", codec="utf-8"), min_size=1)
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
VALUES = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3i"),
        (3.0, "3.0"),
        (1e-07, "1e-07"),
        ("", '""'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("two\nlines", '"two\nlines"'),
        (math.nan, None),
        (-math.inf, None),
        (2**63, None),
    ],
)
def test_a_value_is_spelled_by_its_type(value: Field, text: str | None) -> None:
    """A bool is no number, an int has its i, a float keeps its point, and what has no spelling is left out."""
    assert text == encode_field(value)


def test_tags_are_sorted_and_those_without_value_left_out() -> None:
    """An empty tag value would end the line for the server."""
    assert "m,a=1,b=2 v=1.0 5" == encode_point("m", {"b": "2", "c": None, "d": "", "a": "1"}, {"v": 1.0}, 5)


def test_a_point_without_fields_is_no_point() -> None:
    """The server would answer 400 to the whole batch."""
    assert encode_point("m", {"a": "1"}, {"v": math.nan, "": 1.0}, 5) is None


@pytest.mark.parametrize("time_ns", [FIRST_NS - 1, LAST_NS + 1])
def test_a_point_outside_the_servers_years_is_no_point(time_ns: int) -> None:
    """1678 to 2262."""
    assert encode_point("m", {}, {"v": 1.0}, time_ns) is None


def test_a_backslash_at_a_tags_end_does_not_eat_the_comma() -> None:
    """It becomes a slash, a line break a space."""
    assert "m,a=x/,b=y\\ z v=1.0 5" == encode_point("m", {"a": "x\\", "b": "y\nz"}, {"v": 1.0}, 5)


@given(NAMES, st.dictionaries(NAMES, NAMES), st.dictionaries(NAMES, VALUES, min_size=1), st.integers(FIRST_NS, LAST_NS))
def test_what_is_written_can_be_read(measurement: str, tags: dict[str, str], fields: dict[str, Field], ns: int) -> None:
    """Encoding and a parser by the reference agree on everything but what rule 4 gives up."""
    parsed = parse_line(str(encode_point(measurement, tags, fields, ns)))

    assert ((measurement, tuple(sorted(tags.items()))), fields, ns) == (parsed.series, parsed.fields, parsed.time_ns)
