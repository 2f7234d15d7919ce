"""Messages as points."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from services.counter_store.core.points import (
    counter_time_ns,
    counter_to_line,
    data_to_json,
    event_to_line,
    frame_to_line,
    is_datable,
)
from shared.instants import time_to_us
from shared.messages import Event, Quality
from tests.fakes.point_store import parse_line
from tests.unit.counter_store.messages import START, START_NS, event, frame

DAY_US = 86400_000000


def event_fields(given: Event) -> dict[str, Any]:
    return parse_line(str(event_to_line(given, START_NS))).fields


def test_a_reading_is_one_line() -> None:
    """Integers become floats, facts keep their kind, and the frame's quality goes along."""
    given = frame(
        7, values={"cpu_temperature": 40, "ac_present": True, "mode": "eco"}, zone="rack", quality=Quality.SUSPECT
    )

    assert (
        "reading,device=ups,site=home,zone=rack "
        f'cpu_temperature=40.0,ac_present=true,mode="eco",quality="suspect" {START_NS + 7}'
        == frame_to_line(given, "home")
    )


def test_a_frame_without_values_is_no_point() -> None:
    """A failed poll has nothing to draw."""
    assert frame_to_line(frame(1, values={}, quality=Quality.BAD), "home") is None


def test_two_frames_of_one_microsecond_are_two_points() -> None:
    """Their seq tells them apart."""
    assert 2 == len({frame_to_line(frame(number), "home") for number in (1000, 1001)})


def test_a_channel_named_like_a_tag_is_renamed() -> None:
    """InfluxQL could not tell field from tag, refuses a field time, and quality is ours."""
    fields = parse_line(
        str(frame_to_line(frame(1, values={"quality": 1, "zone": 2, "time": 3, "time_": 4}), "home"))
    ).fields

    assert {"quality_": 1.0, "zone_": 2.0, "time_": 3.0, "time__": 4.0, "quality": "good"} == fields


def test_an_event_is_one_line() -> None:
    """Id and data are fields, never tags."""
    assert (
        "event,category=power,device=ups,severity=warning,site=home,type=AC_POWER_LOSS "
        f'id="id-3",seq=3i,data="{{}}" {START_NS}' == event_to_line(event(3), START_NS)
    )


def test_an_events_numbers_are_fields() -> None:
    """Numbers only: a boolean, a text and a list stay inside the JSON."""
    data = {"value": 3, "limit": 3.6, "flag": True, "why": "low", "list": [1], "nan": math.nan, "seq": 9}
    fields = event_fields(event(1, data=data))

    assert {"value": 3.0, "limit": 3.6, "seq_": 9.0} == {
        k: v for k, v in fields.items() if k not in ("id", "seq", "data")
    }
    assert data | {"nan": None} == json.loads(str(fields["data"]))


def test_json_has_no_nan() -> None:
    """NaN is not JSON; readers in other languages would choke."""
    assert '{"a":null,"b":"ü"}' == data_to_json({"a": math.inf, "b": "ü"})


def test_a_counter_is_an_integer() -> None:
    """It is the one number that is."""
    assert "counter,site=home,type=X total=5i 7" == counter_to_line("X", 5, "home", 7)


@pytest.mark.parametrize(
    ("newest_us", "as_of_us", "previous_ns", "time_ns"),
    [
        (5, 0, None, 5000),
        (5, 0, 4999, 5000),
        (5, 0, 5000, 5001),
        (5, 0, 9000, 9001),
        (DAY_US + 5, 5, None, (DAY_US + 5) * 1000),
        (DAY_US + 6, 5, None, 5000),
    ],
)
def test_a_counters_points_go_forward(newest_us: int, as_of_us: int, previous_ns: int | None, time_ns: int) -> None:
    """At its newest event, after the point before it, and not led astray by a clock more than a day ahead."""
    assert time_ns == counter_time_ns(newest_us, as_of_us, previous_ns)


@pytest.mark.parametrize(
    ("time", "datable"),
    [(START, True), (datetime(2263, 1, 1, tzinfo=UTC), False), (datetime(1677, 1, 1, tzinfo=UTC), False)],
)
def test_not_every_time_can_be_written(time: datetime, datable: bool) -> None:
    """64 bits of nanoseconds end in 2262."""
    assert datable is is_datable(time_to_us(time))
