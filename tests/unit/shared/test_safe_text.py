"""Foreign text that is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.safe_text import safe_json, safe_lines, safe_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, °C, ₂, é, 電池, 🔋", "plain, °C, ₂, é, 電池, 🔋"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\n12:00:00Z  FAKE", "a\\n12:00:00Z  FAKE"),
        ("a\rb\tc", "a\\rb\\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("1\u2028 2", "1\\u2028 2"),
        ("3\u00a0V", "3 V"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_not_printable_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert shown == safe_text(text)


@given(st.text())
def test_nothing_unprintable_is_left(text: str) -> None:
    assert safe_text(text).isprintable()
    assert safe_lines(text).replace("\n", "").isprintable()


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_means_the_same(value: Any) -> None:
    text = safe_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert value == json.loads(text)
    assert text.replace("\n", "").isprintable()
