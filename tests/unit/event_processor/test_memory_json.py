"""A memory's JSON says what the memory holds, whatever kind of number it is, and reads as before."""

from __future__ import annotations

import json
from datetime import timedelta
from math import inf
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.event_processor.core.device.latch import Latch
from services.event_processor.core.device.memory import NOTHING, Memory
from tests.support.scenarios import START

Kept = float | int | bool | str | tuple[Any, ...] | list[Any] | None


class Pair(NamedTuple):
    """Numbers with names, as the rules remember them; one may hold others."""

    first: Any
    second: Any


NUMBERS: st.SearchStrategy[Kept] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.lists(inner, max_size=3) | st.builds(Pair, inner, inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), st.lists(NUMBERS, max_size=4).map(tuple), max_size=4))
def test_numbers_are_written_as_they_are(numbers: dict[str, tuple[Any, ...]]) -> None:
    written = NOTHING._replace(numbers=numbers).to_json()

    assert json.dumps(numbers) == json.dumps(json.loads(written)["numbers"])


@pytest.mark.filterwarnings("error")
def test_the_text_of_a_memory() -> None:
    """Every release reads this text; a value that is no tuple is written without a word."""
    latches = {"on_battery": Latch(False, START, START + timedelta(seconds=5), timedelta(seconds=2))}
    numbers: dict[str, Any] = {"meter": Pair(-0.0, (1, None)), "gone": [inf, -inf, True]}
    memory = Memory(START, 2, frozenset({"b", "a"}), latches, "boot", 1.5, "set", 7.0, {"w": "ü"}, numbers, 1.0, 0.0)

    assert memory.to_json() == (
        '{"time":"2026-01-31T12:00:00.000000Z","repeat":2,"seen":["a","b"],"latches":{"on_battery":'
        '[false,"2026-01-31T12:00:00.000000Z","2026-01-31T12:00:05.000000Z",2000000]},"clocks":["boot",1.5,"set"],'
        '"steady":7.0,"words":{"w":"ü"},"numbers":{"meter":[-0.0,[1,null]],"gone":[Infinity,-Infinity,true]},'
        '"steps":[1.0,0.0]}'
    )
