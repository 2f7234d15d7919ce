"""Columns as array literals: PostgreSQL reads back what was written (tests/integration/fleet), here their form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fleet.store.arrays import array


@pytest.mark.parametrize(
    ("column", "literal"),
    [
        (["a", 'b"\\{,}'], '{"a","b\\"\\\\{,}"}'),
        (["NULL", None, ""], '{"NULL",NULL,""}'),
        ([1, None, 2.5, True], "{1,NULL,2.5,True}"),
        ([None, None], "{NULL,NULL}"),
        ([datetime(2026, 1, 2, tzinfo=UTC), None], '{"2026-01-02T00:00:00+00:00",NULL}'),
        ([b"x", None], [b"x", None]),
        ([], "{}"),
    ],
)
def test_a_column_is_one_text(column: list[object], literal: object) -> None:
    """Quotes and backslashes are escaped, a text NULL is none, bytes are the driver's."""
    assert literal == array(column)


def test_a_text_with_a_nul_stays_one_text() -> None:
    """So that the driver refuses it; it must never part one into two."""
    assert '{"a\x00b","c"}' == array(["a\x00b", "c"])
