"""What is news, and how fast records may leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.uplink.core.news import MOST, News
from services.uplink.core.rate import Rate
from shared.messages import Alert, AlertState, DeviceState, Quality, Severity

START = datetime(2026, 1, 1, tzinfo=UTC)


def state(device: str = "ups", after_s: float = 0, **changes: object) -> DeviceState:
    return DeviceState.model_validate(
        {"device": device, "time": START + timedelta(seconds=after_s), "quality": Quality.GOOD} | changes
    )


def alert(value: float = 1.0, state: AlertState = AlertState.FIRING) -> Alert:
    return Alert(
        rule="r", key="k", state=state, severity=Severity.ERROR, since=START, time=START, value=value, threshold=0,
        window_s=3600, reason="", message="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("later", "news"),
    [
        (state(after_s=10, values={"charge": 3.0}), False),
        (state(after_s=60), True),
        (state(after_s=-60), True),
        (state(after_s=10, power="battery"), True),
        (state(after_s=10, quality="stale"), True),
        (state(after_s=10, active=("ups/low",)), True),
        (state("other", after_s=10), True),
    ],
    ids=["number", "time", "clock back", "power", "quality", "active", "device"],
)
def test_a_state_is_news_when_a_word_changes_or_its_time_has_come(later: DeviceState, news: bool) -> None:
    """The first of a device always is."""
    known = News(60.0)
    assert (True, news) == (known.of_state(state()), known.of_state(later))


def test_an_alert_is_news_when_anything_of_it_changes() -> None:
    """What the broker kept comes again with every connection."""
    known = News(60.0)
    seen = [alert(), alert(), alert(2.0), alert(2.0, AlertState.RESOLVED), alert(2.0, AlertState.RESOLVED)]
    assert [True, False, True, True, False] == [known.of_alert(each) for each in seen]


def test_an_alert_that_waits_to_fire_is_no_news() -> None:
    """It may never fire, and nobody says so; one that fires after all is."""
    news = News(60)
    seen = [alert(state=AlertState.PENDING), alert(), alert(2.0, AlertState.RESOLVED), alert(state=AlertState.PENDING)]
    assert [False, True, True, False] == [news.of_alert(each) for each in seen]


def test_what_is_remembered_has_a_bound() -> None:
    """The device heard of longest ago is forgotten, and so is news again."""
    known = News(60.0)
    for number in range(MOST + 1):
        known.of_state(state(f"d{number}"))
    assert (MOST, True, False) == (len(known.states), known.of_state(state("d0")), known.of_state(state(f"d{MOST}")))


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.floats(1, 1000), st.integers(1, 500))
def test_no_more_leaves_than_the_rate_allows(steps: list[float], per_s: float, batch: int) -> None:
    """In any time: what the rate gives, and one batch at most on top."""
    rate, now, sent = Rate(per_s, batch), 0.0, 0
    for step in steps:
        now += step
        count = rate.room(now)
        rate.spend(count)
        sent += count
        assert 0 <= count <= batch
    assert sent <= batch + now * per_s + 1


def test_waiting_as_long_as_it_says_makes_room() -> None:
    """At least for one record."""
    rate = Rate(10.0, 50)
    rate.spend(rate.room(0.0))
    assert rate.room(rate.wait_s()) >= 1
