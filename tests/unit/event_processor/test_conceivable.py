"""Numbers that no device can have measured are left out before rules see them, and the frame says so."""

from __future__ import annotations

import random
from contextlib import closing
from typing import Any

import pytest

from services.event_processor.core.channels.conceivable import conceivable
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Frame
from shared.quantities import QUANTITIES
from tests.support.scenarios import SHIPPED, START, at, configured, frame, run

BATTERY = configured(DEVICES__UPS__CAPACITY_MAH="1000", DEVICES__UPS__RESISTANCE_MOHM="40")
GROUPS = (
    ("air_temperature", "relative_humidity", "leaf_temperature"),
    ("battery_voltage", "battery_current", "state_of_charge", "charge_rate", "ac_present", "battery_temperature"),
    ("battery_voltage", "output_power", "state_of_charge"),
    ("output_voltage", "output_current", "rated_output_current", "battery_voltage"),
)
ODD = (0.0, 5e-324, 1e-29, 1e-9, 50.0, 150.0, 1e3, 1e6, 1e9, 1e18, 2.0**63, 2**63 - 1, 273.15, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("battery_current", 1e18), ("battery_voltage", -1001.0), ("battery_voltage", 2001)],
)
def test_what_cannot_be_measured_is_left_out_and_said(name: str, value: float) -> None:
    found = conceivable(frame(0, "ups", **{"state_of_charge": 50.0, name: value}))

    assert {"state_of_charge": 50.0} == found.values
    assert [("implausible", name, f"{name} {value:g} cannot be measured")] == [
        (error.code, error.channel, error.detail) for error in found.errors
    ]


def test_what_is_nearly_nothing_is_nothing() -> None:
    """It is divided by, and what is divided by less is endless."""
    found = conceivable(frame(0, "ups", output_load=5e-324, charge_rate=-1e-31, output_power=1e-9))

    assert ({"output_load": 0.0, "charge_rate": 0.0, "output_power": 1e-9}, ()) == (found.values, found.errors)


@pytest.mark.parametrize("values", [{"relative_humidity": 101.3}, {"air_temperature": -0.0}, {"of_my_own": 1e18}])
def test_what_a_calibration_may_have_made_stays(values: dict[str, float]) -> None:
    given = frame(0, "room", **values)

    assert given is conceivable(given)


def test_the_state_is_without_it() -> None:
    _, state = run([frame(0, "ups", battery_voltage=1e12, state_of_charge=50.0)])

    assert state is not None
    assert "battery_voltage" not in state.values


@pytest.mark.parametrize("seed", range(60))
def test_no_history_of_odd_numbers_ends_the_processor(seed: int) -> None:
    """A quarter of such histories did, now and at each further start; ordinary numbers stand between the odd ones."""
    draw = random.Random(seed)  # noqa: S311 - the same histories in each run
    names = draw.choice([*GROUPS, tuple(draw.sample([*QUANTITIES], 5))])

    def value(name: str) -> Any:
        return draw.choice((True, False)) if name == "ac_present" else draw.choice((*ODD, *(-odd for odd in ODD)))

    outlet = InMemoryPublisher()
    with closing(Ledger(":memory:")) as ledger:
        processor = EventProcessor(draw.choice((SHIPPED, BATTERY)), ledger, outlet, lambda: START)
        with ledger.transaction():
            for second in range(5):
                values = {name: value(name) if draw.random() < 0.6 else 3.7 for name in names}
                processor.apply(Frame(time=at(second * 10), device="ups", producer="r", values=values))
                processor.flush()
    for message in (*outlet.emitted, *outlet.retained.values()):
        type(message).model_validate_json(message.model_dump_json())
