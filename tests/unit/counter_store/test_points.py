"""Messages as points."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.influx.points import (
    counter_time_ns,
    counter_to_line,
    data_to_json,
    event_to_line,
    frame_to_line,
    is_datable,
    point_to_event,
)
from shared.instants import time_to_us
from shared.messages import Event, Quality
from tests.support.fakes.point_store import parse_line
from tests.support.store_messages import START, START_NS, event, frame

DAY_US = 86400_000000


def event_fields(written: Event) -> dict[str, Any]:
    return parse_line(str(event_to_line(written, START_NS))).fields


def test_a_reading_is_one_line() -> None:
    """Integers become floats, facts keep their kind, and the frame's quality goes along."""
    polled = frame(
        7, values={"cpu_temperature": 40, "ac_present": True, "mode": "eco"}, zone="rack", quality=Quality.SUSPECT
    )

    assert (
        "reading,device=ups,site=home,zone=rack "
        f'cpu_temperature=40.0,ac_present=true,mode="eco",quality="suspect" {START_NS + 7}'
        == frame_to_line(polled, "home")
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
        f'id="id-3",producer="event_processor",epoch="e1",seq=3i,data="{{}}",metadata="{{}}" {START_NS}'
        == event_to_line(event(3), START_NS)
    )


def read_back(written: Event, time_ns: int) -> Event | None:
    """What InfluxDB would answer for the event's point: tags and fields together."""
    point = parse_line(str(event_to_line(written, time_ns)))
    return point_to_event(dict(point.series[1]) | point.fields, point.time_ns)


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=60),
    st.dictionaries(texts, json_values, max_size=4),
    st.dictionaries(texts, json_values, max_size=4),
    st.integers(0, 5000),
)
def test_an_event_read_back_is_the_event(
    event_id: str, data: dict[str, Any], metadata: dict[str, Any], later_ns: int
) -> None:
    """Byte for byte, also where its own microsecond was full and its point stands later."""
    written = event(7, id=event_id, data=data, metadata=metadata, zone="rack")
    found = read_back(written, START_NS + later_ns)
    assert found is not None
    assert written.model_dump_json() == found.model_dump_json()


def test_an_event_of_an_older_version_says_that_it_lacks_something() -> None:
    """Its point has no metadata, which is not the same as empty metadata."""
    point = parse_line(str(event_to_line(event(7), START_NS)))
    fields = {name: value for name, value in point.fields.items() if name not in ("metadata", "producer", "epoch")}
    found = point_to_event(dict(point.series[1]) | fields, START_NS)
    assert found is not None
    assert ({"restored": True}, "", "") == (found.metadata, found.producer, found.epoch)


def test_an_events_numbers_are_fields() -> None:
    """Numbers only: a boolean, a text and a list stay inside the JSON."""
    data = {"value": 3, "limit": 3.6, "flag": True, "why": "low", "list": [1], "nan": math.nan, "seq": 9}
    fields = event_fields(event(1).model_copy(update={"data": data}))  # an older version's: NaN is refused today

    assert {"value": 3.0, "limit": 3.6, "seq_": 9.0} == {k: v for k, v in fields.items() if isinstance(v, float)}
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
