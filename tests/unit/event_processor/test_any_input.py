"""Whatever a frame or an offer may hold by its type: no service dies of it, now or at its next start."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Frame
from shared.quantities import FACTS, QUANTITIES
from tests.support.scenarios import SHIPPED, START, at, configured, frame, run

NAMES = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z")
CHANNELS = st.sampled_from([*QUANTITIES, *FACTS]) | st.text(min_size=1, max_size=12)
NUMBERS = st.floats(-(2.0**63), 2.0**63) | st.integers(-(2**63), 2**63 - 1)
SCALARS = st.booleans() | NUMBERS | st.text(max_size=12) | st.sampled_from(["started", "stopped", "due", "performed"])
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - Hypothesis adds the zone
TIMES = st.datetimes(FIRST, LAST, timezones=st.just(UTC)) | st.sampled_from([at(n) for n in range(5)])
EXTREMES = st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.0**63, -(2.0**63), 1e-9, 50.0, 2**63 - 1, -(2**63), True])
ERRORS = st.fixed_dictionaries(
    {"code": st.sampled_from(["nack", "implausible", "saturated", "frozen"]) | st.text(max_size=8), "chip": st.text()},
    optional={"detail": st.text(max_size=8), "channel": NAMES},
)
FRAMES = st.fixed_dictionaries(
    {"device": st.sampled_from(["ups", "room"]) | NAMES, "time": TIMES, "producer": NAMES},
    optional={
        "zone": NAMES,
        "values": st.dictionaries(CHANNELS, SCALARS, max_size=6)
        | st.dictionaries(st.sampled_from([*QUANTITIES]), EXTREMES, min_size=4, max_size=12),
        "quality": st.sampled_from(["good", "stale", "suspect", "bad"]),
        "errors": st.lists(ERRORS, max_size=3),
        "boot": NAMES,
        "uptime_s": st.floats(allow_nan=False, allow_infinity=False),
        "clock": st.sampled_from(["set", "unset"]),
    },
)
JSON = st.recursive(
    st.none() | SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=6
)
OFFERS = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(SHIPPED.catalogue)) | NAMES},
    optional={
        "id": st.text(max_size=12),
        "time": TIMES,
        "device": NAMES,
        "zone": NAMES,
        "severity": st.sampled_from(["info", "WARNING", "critical"]),
        "data": st.dictionaries(st.text(max_size=12), JSON, max_size=4),
        "metadata": st.dictionaries(st.text(max_size=12), JSON, max_size=4),
    },
)


def valid(model: type[Frame | Candidate], values: dict[str, Any]) -> Frame | Candidate | None:
    """Return the message, None where its type does not admit it: that is a dead letter before it comes here."""
    try:
        return model.model_validate(values)
    except ValueError:
        return None


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FRAMES, min_size=1, max_size=6), st.lists(OFFERS, max_size=3))
def test_nothing_that_is_accepted_makes_the_processor_die(frames: list[dict[str, Any]], offers: list[dict[str, Any]]):
    """Two lives over one ledger: the second one reads what the first one kept; what goes out can be written as JSON."""
    with closing(Ledger(":memory:")) as ledger:
        for _ in range(2):
            outlet = InMemoryPublisher()
            processor = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
            processor.announce()
            with ledger.transaction():
                for values in frames:
                    if isinstance(frame := valid(Frame, values), Frame):
                        processor.apply(frame)
                for values in offers:
                    if isinstance(offer := valid(Candidate, values), Candidate):
                        processor.offer("script", offer, "ingest/script", b"{}")
                processor.flush()
            for message in (*outlet.emitted, *outlet.retained.values()):
                type(message).model_validate_json(message.model_dump_json())


@pytest.mark.parametrize("celsius", [2.0**63, 1e6, -257.14, -257.2, -273.15, -1e6, -(2.0**63)])
@pytest.mark.parametrize("humidity", [50.0, 1e-300, 2.0**63])
def test_air_beyond_all_computation_has_no_computed_channels(celsius: float, humidity: float):
    """No vapour pressure can be computed of it: the frame ended the processor, at each of its starts anew."""
    events, state = run([frame(0, "room", air_temperature=celsius, relative_humidity=humidity)])

    assert state is not None
    for message in (*events, state):
        type(message).model_validate_json(message.model_dump_json())


@pytest.mark.parametrize("amps", [2.0**63, -(2.0**63)])
def test_a_current_at_the_bound_leaves_the_sums_finite(amps: float):
    """A current of 1e308 A made the charge that flowed endless: no state of that device could be made ever again."""
    numbers = {"battery_voltage": 2.0**63, "battery_current": amps, "state_of_charge": 50.0, "output_power": 2.0**63}

    events, state = run([frame(second, "ups", **numbers) for second in range(20)])

    assert state is not None
    for message in (*events, state):
        type(message).model_validate_json(message.model_dump_json())


ROOM_CLIMATE = {"air_temperature": 20.0, "relative_humidity": 50.0, "air_pressure": 1000.0, "battery_voltage": 3.7}
ERROR = {"code": "nack", "chip": "ina219@0x41"}
AT_THE_BOUNDS: dict[str, dict[str, Any]] = {
    "errors": {"quality": "bad", "errors": [ERROR] * 4096},
    "a long detail": {"quality": "bad", "errors": [{**ERROR, "detail": "x" * 300_000}]},
    "a long channel": {"errors": [{"code": "implausible", "chip": "c", "channel": "n" * 128}]},
    "channels": {"values": {f"c{n}": 1.0 for n in range(4092)} | ROOM_CLIMATE},
    "a long word": {"values": {"self_test": "\N{BATTERY}" * 4096}},
    "another long word": {"values": {"self_test": "x" * 4096}},
}


def test_a_frame_at_its_bounds_is_processed() -> None:
    """1,300 errors in one frame, one error with a long detail, and a channel of 120 letters each were fatal."""
    outlet = InMemoryPublisher()
    rules = configured(RULES__CHANGES__TEST="{channel: self_test, event: device.state.changed}")
    with closing(Ledger(":memory:")) as ledger:
        processor = EventProcessor(rules, ledger, outlet, lambda: START)
        with ledger.transaction():
            for number, values in enumerate(AT_THE_BOUNDS.values()):
                for second in (0, 8, 16, 24, 32):
                    time = at(100 * number + second)
                    processor.apply(Frame.model_validate({"device": f"d{number // 2}", "time": time, **values}))
                processor.flush()
    for message in (*outlet.emitted, *outlet.retained.values()):
        again = type(message).model_validate_json(message.model_dump_json())
        assert len(again.model_dump_json().encode()) < 500_000
    assert {"I2C_ERROR", "COMM_LOST", "DATA_IMPLAUSIBLE", "device.state.changed"} <= {
        message.type for message in outlet.emitted if isinstance(message, Event)
    }
