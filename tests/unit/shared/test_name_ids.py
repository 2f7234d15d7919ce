"""Ids of events are UUIDs of version 5, as everybody makes them; free data is judged alike, plain or not."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.name_ids import NameIds
from shared.values import Room

ROOM = Room(2, 6, 3)
EDGES: list[tuple[Any, str | None]] = [
    ("abc", None),
    ("abcd", "holds a text of 4 characters; 3 are the most"),
    (1.5, None),
    (float("inf"), "holds a number that is not finite"),
    (2**63 - 1, None),
    (2**63, "holds a whole number beyond 64 bits"),
    (-(2**63) - 1, "holds a whole number beyond 64 bits"),
    (True, None),
    (None, None),
]


@given(st.uuids(), st.text(st.characters(exclude_categories=["Cs"])))
def test_an_id_is_a_uuid_of_version_5(space: uuid.UUID, name: str) -> None:
    assert str(uuid.uuid5(space, name)) == NameIds(space).of(name)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("value", "fault"), EDGES, ids=[str(place) for place in range(len(EDGES))])
def test_a_value_is_judged_alike_beside_a_nested_one(value: Any, fault: str | None, nested: bool) -> None:
    """Plain data is passed at once, and the rest is looked through."""
    data = {"a": value, **({"b": [1]} if nested else {})}
    if fault is None:
        assert data == ROOM.check(data)
    else:
        with pytest.raises(ValueError, match=fault):
            ROOM.check(data)


@pytest.mark.parametrize("names", [["abcd"], ["a", "b", "c", "d"]])
def test_names_and_their_number_count_in_plain_data_too(names: list[str]) -> None:
    with pytest.raises(ValueError, match="holds"):
        ROOM.check(dict.fromkeys(names))
