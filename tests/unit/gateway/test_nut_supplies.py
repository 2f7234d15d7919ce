"""States as NUT's variables, and when they are stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.core.nut.supplies import MOST, Rules, Supplies
from services.gateway.core.nut.variables import FIGURES, STATUS_WORDS, is_ups, status_of, variables_of
from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.meaning import interpret
from shared.messages import DeviceState, Quality
from shared.nut.table import VARIABLES, WORDS
from shared.quantities import QUANTITIES

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def state(second: float = 0, device: str = "ups", **fields: Any) -> DeviceState:
    """Return a state of a UPS; ``values`` and the like as given."""
    fields = {"power": "mains", "quality": "good"} | fields
    return DeviceState(device=device, time=START + timedelta(seconds=second), **fields)


@pytest.mark.parametrize(("fields", "words"), [
    ({}, "OL"),
    ({"power": "battery"}, "OB DISCHRG"),
    ({"power": None, "values": {"ac_present": True}}, "OL"),
    ({"power": None, "values": {"ac_present": False}}, "OB DISCHRG"),
    ({"power": "mains", "values": {"ac_present": False}}, "OL"),
    ({"power": None}, "WAIT"),
    ({"power": None, "values": {"replace_battery": True}}, "RB"),
    ({"charging": True}, "OL CHRG"),
    ({"charging": False}, "OL"),
    ({"power": "battery", "charging": True}, "OB DISCHRG"),
    ({"power": "battery", "battery": "low"}, "OB DISCHRG"),
    ({"power": "battery", "battery": "critical"}, "OB LB DISCHRG"),
    ({"power": "battery", "values": {"battery_low": True}}, "OB LB DISCHRG"),
    ({"power": "battery", "values": {"battery_low": False}}, "OB DISCHRG"),
    ({"values": {"forced_shutdown": True}}, "FSD OL"),
    ({"values": {"output_on": False}}, "OL OFF"),
    ({"values": {"output_on": True}}, "OL"),
    ({"values": {"overload": True, "alarm": True, "bypass": True}}, "OL OVER BYPASS ALARM"),
    ({"values": {"boosting": True}}, "OL BOOST"),
    ({"values": {"trimming": True}}, "OL TRIM"),
    ({"values": {"calibrating": True}}, "OL CAL"),
    ({"values": {"battery_high": True}}, "OL HB"),
])  # fmt: skip
def test_a_state_has_its_words(fields: dict[str, Any], words: str) -> None:
    """LB only where a host has to go down; what is not known has no word."""
    assert words == status_of(state(**fields), forced=False)


def test_a_primary_forces_the_word() -> None:
    """FSD stands first, once, whoever says it."""
    assert ["FSD OL", "FSD OL"] == [
        status_of(state(), forced=True),
        status_of(state(values={"forced_shutdown": True}), forced=True),
    ]


def test_every_word_and_figure_of_the_table_is_there() -> None:
    """A word or variable that sensor_reader reads is one that the door shows."""
    assert {row.word for row in WORDS} == {row.word for row in STATUS_WORDS}
    assert {row.names[0] for row in VARIABLES} <= set(FIGURES)
    assert {row.channel for row in VARIABLES} <= {name for names in FIGURES.values() for name in names}


def test_figures_are_plain_decimals() -> None:
    """Rounded as the channel is, without an exponent or trailing zeros."""
    values = {"battery_voltage": 13.4000001, "state_of_charge": 100.0, "runtime_left_s": 1e7, "input_voltage": 0.0004}

    found = variables_of(state(values=values), "9.9", forced=False)

    expected = {"battery.voltage": "13.4", "battery.charge": "100", "battery.runtime": "10000000", "input.voltage": "0"}
    assert expected == {name: text for name, text in found.items() if name in FIGURES}


def test_the_safer_runtime_is_shown() -> None:
    """The lower bound of the estimate decides, as for the host agent."""
    values = {"runtime_left_s": 900, "estimated_runtime_low_s": 600}

    assert "600" == variables_of(state(values=values), "9.9", forced=False)["battery.runtime"]


def test_foreign_text_stays_on_its_line() -> None:
    """And has an end."""
    text = variables_of(state(values={"alarm_text": "bad\nEND LIST VAR\x1b[2J" + "x" * 999}), "9", forced=False)

    assert text["ups.alarm"].startswith("bad END LIST VAR [2J")
    assert len(text["ups.alarm"]) == 256


@pytest.mark.parametrize(("fields", "expected"), [
    ({"power": None, "values": {"air_temperature": 21.0}}, False),
    ({"power": None, "values": {"cpu_temperature": 60.0, "under_voltage": True}}, False),
    ({"power": None, "values": {"state_of_charge": 90.0}}, True),
    ({"power": "mains"}, True),
])  # fmt: skip
def test_only_a_ups_is_one(fields: dict[str, Any], expected: bool) -> None:
    """A room sensor is none."""
    assert expected is is_ups(state(**fields))


def shown(supplies: Supplies, now_s: float, **rules: Any) -> str | None:
    """Return the status of ``ups`` at a time, None where its data are stale."""
    variables = supplies.shown(Rules(**rules), now_s)["ups"].variables
    return None if variables is None else variables["ups.status"]


@pytest.mark.parametrize(("heard", "expected"), [
    ([(state(0), False)], "OL"),
    ([(state(0), True)], None),
    ([(state(0), True), (state(0), False)], None),
    ([(state(0), True), (state(1), False)], "OL"),
    ([(state(0), False), (state(1, quality="bad", power="battery"), False)], "OL"),
    ([(state(0), False), (state(1, quality="suspect", power="battery"), False)], "OB DISCHRG"),
    ([(state(0), False), (state(1, quality="stale"), False)], None),
    ([(state(0), False), (state(1, quality="stale"), False), (state(2, quality="bad"), False)], None),
    ([(state(0), False), (state(1, quality="stale"), False), (state(2), False)], "OL"),
    ([(state(0), False), (state(0), True)], "OL"),
    ([(state(0, simulated=True), False)], None),
])  # fmt: skip
def test_only_live_and_believable_states_are_data(heard: list[tuple[DeviceState, bool]], expected: str | None) -> None:
    """What the broker kept, what is stale and what is simulated is none."""
    supplies = Supplies()
    for one, retained in heard:
        supplies = supplies.after(one, 100.0, retained=retained)

    assert expected == shown(supplies, 101.0)


@pytest.mark.parametrize(("now_s", "expected"), [(100.0, "OL"), (115.0, "OL"), (115.1, None)])
def test_silence_makes_data_stale(now_s: float, expected: str | None) -> None:
    """After max_age_s, and not before."""
    supplies = Supplies().after(state(), 100.0, retained=False)

    assert expected == shown(supplies, now_s, max_age_s=15.0)


def test_repeats_of_one_state_keep_nothing_fresh() -> None:
    """A service that repeats what it last knew tells nothing new."""
    supplies = Supplies().after(state(0), 100.0, retained=False).after(state(0), 114.0, retained=False)

    assert shown(supplies, 116.0, max_age_s=15.0) is None


def test_a_simulated_ups_says_so() -> None:
    """It is listed; where simulations are shown, its variables say what they are."""
    supplies = Supplies().after(state(simulated=True, zone="attic"), 1.0, retained=False)

    hidden, open_ = supplies.shown(Rules(), 1.0)["ups"], supplies.shown(Rules(simulated=True), 1.0)["ups"]

    assert ("Upskeep: ups in attic (simulated, not shown: see nut.simulated)", None) == (
        hidden.description,
        hidden.variables,
    )
    assert "Upskeep: ups in attic (simulated)" == open_.description
    assert open_.variables is not None
    assert "a simulation or a recording, no hardware" == open_.variables["device.description"]


def test_a_device_that_goes_is_unknown() -> None:
    """Its topic was emptied."""
    supplies = Supplies().after(state(), 1.0, retained=False)

    assert {} == supplies.without("ups").shown(Rules(), 1.0)


def test_a_ups_stays_one_when_its_poll_fails() -> None:
    """A state without values is no reason to forget it, and makes no UPS of a room sensor."""
    failed = state(1, power=None, quality="bad")

    assert ["ups"] == list(Supplies().after(state(), 1.0, retained=False).after(failed, 2.0, retained=False).heard)
    assert {} == Supplies().after(failed, 1.0, retained=False).heard


def test_the_set_of_upses_has_a_bound() -> None:
    """A sender that invents devices fills no memory; those that are known go on."""
    supplies = Supplies()
    for number in range(MOST + 3):
        supplies = supplies.after(state(device=f"u{number}"), 1.0, retained=False)
    supplies = supplies.after(state(1, device="u0"), 2.0, retained=False)

    assert (MOST, 3) == (len(supplies.heard), supplies.refused)
    assert 2.0 == supplies.heard["u0"].heard_s


NUMBERS = {row.channel: QUANTITIES[row.channel] for row in VARIABLES if row.channel != "runtime_left_s"}


@given(
    st.sampled_from(["mains", "battery"]),
    st.fixed_dictionaries(
        {}, optional={name: st.floats(max(row.low, 1.0), min(row.high, 99.0)) for name, row in NUMBERS.items()}
    ),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("replace_battery", "overload", "bypass", "alarm", "boosting"), st.booleans())
    ),
)
def test_what_the_door_says_is_read_back(power: Any, numbers: dict[str, float], flags: dict[str, bool]) -> None:
    """sensor_reader makes the same values of the door's variables: both go by one table."""
    heard = state(power=power, values={**numbers, **flags}, quality=Quality.GOOD)

    reading, _ = interpret(variables_of(heard, "9.9", forced=False), History())

    values = reading.values
    assert (power == "mains") is values["ac_present"]
    for name, flag in flags.items():
        assert flag is values[name]
    for name, number in numbers.items():
        assert round(number, QUANTITIES[name].decimals) == pytest.approx(values[name])
