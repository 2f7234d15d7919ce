"""A battery's life: few numbers span it, odd discharges do not turn it, another battery begins a new one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.event_processor.core.forecast.life import (
    AGREEING,
    KEPT,
    LEAST,
    CapacitySample,
    Life,
    add,
    by_cycles,
    by_day,
    capacity_ah,
    to_replace,
)


def lived(capacities: list[float]) -> Life:
    """A discharge a week."""
    life: Life = ()
    for number, ah in enumerate(capacities, start=1):
        life = add(life, CapacitySample(number, ah, 20_000 + 7 * number))
    return life


def falling(count: int) -> list[float]:
    """2 Ah at first, 10 mAh less each time."""
    return [2.0 - 0.01 * number for number in range(1, count + 1)]


@given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=200))
def test_a_whole_life_takes_few_numbers(capacities: list[float]) -> None:
    """However long it is, and the newest is always the newest."""
    life = lived(capacities)

    assert len(life) <= KEPT
    assert capacities[-1] == life[-1].ah


def test_a_straight_fall_is_foreseen() -> None:
    """To the cycle, and to the day."""
    life = lived(falling(30))

    cycles, day = by_cycles(life, 1.4), by_day(life, 1.4)

    assert cycles is not None
    assert 60 == round(cycles.middle)
    assert day is not None
    assert 20_000 + 7 * 60 == round(day.middle)


def test_one_odd_discharge_does_not_turn_the_forecast() -> None:
    """A single capacity far off moves the end by less than a tenth."""
    odd = falling(30)
    odd[20] = 1.2

    plain, turned = by_cycles(lived(falling(30)), 1.4), by_cycles(lived(odd), 1.4)

    assert plain is not None
    assert turned is not None
    assert abs(turned.middle / plain.middle - 1) < 0.1


def test_nothing_is_foreseen_from_few_discharges() -> None:
    """Nor from a capacity that does not fall."""
    assert by_cycles(lived(falling(LEAST - 1)), 1.4) is None
    assert by_cycles(lived([2.0] * 20), 1.4) is None


def test_a_replaced_battery_begins_a_new_life() -> None:
    """Once several discharges in a row agree; a single lucky one does not."""
    old = lived([1.5 - 0.001 * number for number in range(20)])

    once = add(old, CapacitySample(21, 2.0))
    thrice = add(add(once, CapacitySample(22, 2.0)), CapacitySample(23, 1.99))

    assert len(once) > AGREEING
    assert [2.0, 2.0, 1.99] == [seen.ah for seen in thrice]


def test_replacement_needs_agreement() -> None:
    """Three capacities in a row below the share, not one among good ones."""
    assert not to_replace(lived([1.9, 1.9, 1.2]), 2.0, 0.8)
    assert not to_replace(lived([1.2, 1.2]), 2.0, 0.8)
    assert to_replace(lived([1.9, 1.5, 1.5, 1.5]), 2.0, 0.8)


def test_the_capacity_now_is_that_of_the_newest() -> None:
    """The median of the last three; none before the first."""
    assert capacity_ah(()) is None
    assert 1.5 == capacity_ah(lived([2.0, 1.0, 1.5, 1.6]))
