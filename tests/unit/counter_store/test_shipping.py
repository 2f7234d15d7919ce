"""Halving a refused batch, and waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.influx.batches import Point, after_refused, after_written, back_off_s, plan_shipment


@given(st.lists(st.booleans(), max_size=60))
def test_exactly_the_bad_lines_are_set_aside(good: list[bool]) -> None:
    """Whatever lines are bad, the others get through in order, and it ends."""
    points = [Point(seq, "") for seq in range(len(good))]
    shipment = plan_shipment(points)
    written: list[Point] = []
    aside: list[Point] = []
    while shipment.pieces:
        piece = shipment.pieces[0]
        if all(good[point.seq] for point in piece):
            written += piece
            shipment = after_written(shipment)
        else:
            shipment, culprit = after_refused(shipment)
            aside += [culprit] if culprit else []

    assert [p for p in points if good[p.seq]] == written
    assert [p for p in points if not good[p.seq]] == aside


@pytest.mark.parametrize(
    ("failures", "jitter", "retry_after_s", "wait_s"),
    [
        (1, 1.0, None, 1.0),
        (1, 0.0, None, 0.5),
        (4, 1.0, None, 8.0),
        (7, 1.0, None, 60.0),
        (5000, 1.0, None, 60.0),
        (1, 1.0, 30.0, 30.0),
        (7, 1.0, 30.0, 60.0),
        (1, 1.0, 1e9, 3600.0),
    ],
)
def test_the_wait_doubles_up_to_its_cap(
    failures: int, jitter: float, retry_after_s: float | None, wait_s: float
) -> None:
    """Jitter halves it at most; the server's word is a lower bound, up to an hour."""
    assert wait_s == back_off_s(failures, 60.0, jitter, retry_after_s)
