"""What a NUT server's words and variables mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.meaning import interpret
from shared.messages import Frame
from shared.nut.table import VARIABLES, WORDS
from shared.quantities import FACTS, QUANTITIES
from shared.quantities import WORDS as TEXTS

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
CALM = {channel: value for word in WORDS for channel, value in word.otherwise.items()}


def facts(status: str, *, before: str = "", **variables: str) -> dict[str, object]:
    """Return the channels of a status, without what words say by not being there."""
    named = {name.replace("__", "."): value for name, value in variables.items()}
    values = interpret({"ups.status": status, **named}, History(frozenset(before.split())))[0].values
    return {name: value for name, value in values.items() if CALM.get(name) is not value}


@pytest.mark.parametrize(("status", "expected"), [
    ("OL", {"ac_present": True}),
    ("OL CHRG", {"ac_present": True, "charging": True}),
    ("OB", {"ac_present": False, "charging": False}),
    ("OB DISCHRG", {"ac_present": False, "charging": False}),
    ("OB DISCHRG LB", {"ac_present": False, "charging": False, "battery_low": True}),
    ("OL RB", {"ac_present": True, "replace_battery": True}),
    ("OL HB", {"ac_present": True, "battery_high": True}),
    ("OL OVER", {"ac_present": True, "overload": True}),
    ("OL BYPASS", {"ac_present": True, "bypass": True}),
    ("OL BOOST", {"ac_present": True, "boosting": True}),
    ("OL TRIM", {"ac_present": True, "trimming": True}),
    ("OL OFF", {"ac_present": True, "output_on": False}),
    ("OL ALARM", {"ac_present": True, "alarm": True}),
    ("FSD OB LB", {"ac_present": False, "charging": False, "battery_low": True, "forced_shutdown": True}),
    ("OL CAL", {"ac_present": True, "calibrating": True}),
    # unsure, so unsaid
    ("OL OB", {"charging": False}),
    ("OB CAL DISCHRG LB", {"calibrating": True, "charging": False}),
    ("OL CHRG DISCHRG", {"ac_present": True}),
    # words of a server newer than the table
    ("OL ECO SOMETHING-NEW", {"ac_present": True}),
])  # fmt: skip
def test_a_status_says(status: str, expected: dict[str, object]) -> None:
    """Each word its own channels, unknown words nothing, contradictions nothing."""
    assert expected == facts(status)


def test_a_word_that_is_not_there_says_so_too() -> None:
    """A UPS on line that tells of nothing else is well: its output is on, its battery needs nothing."""
    values = interpret({"ups.status": "OL"})[0].values

    assert (True, False, False) == (values["output_on"], values["replace_battery"], values["overload"])


@pytest.mark.parametrize("variables", [{}, {"ups.status": ""}, {"ups.status": "WAIT"}, {"ups.status": "OL WAIT"}])
def test_a_ups_not_heard_from_is_unknown(variables: dict[str, str]) -> None:
    """Not on line, as NUT's own monitor takes it to be; and that is told."""
    reading, _ = interpret({**variables, "battery.charge": "50"})

    assert {"state_of_charge": 50.0} == reading.values
    assert ["missing"] == [doubt.code for doubt in reading.doubts]
    assert "whether the mains are there is not known" in reading.doubts[0].detail


def test_charging_is_false_only_where_somebody_would_have_said_so() -> None:
    """A driver that never says CHRG does not tell that the charger rests."""
    assert "charging" not in facts("OL")
    assert facts("OL", before="OL CHRG")["charging"] is False
    assert facts("OL", battery__charger__status="resting")["charging"] is False
    assert facts("OL", battery__charger__status="charging")["charging"] is True
    assert "charging" not in facts("OL", battery__charger__status="unheard-of")


@pytest.mark.parametrize("text", ["1.5", "-1.5"])
def test_the_currents_sign_is_the_status(text: str) -> None:
    """Drivers differ in it; we do not: positive charges."""
    assert 1.5 == facts("OL CHRG", battery__current=text)["battery_current"]
    assert -1.5 == facts("OB DISCHRG", battery__current=text)["battery_current"]
    assert "battery_current" not in facts("OL", battery__current=text)


@pytest.mark.parametrize(("channel", "name"), [(each.channel, name) for each in VARIABLES for name in each.names])
def test_every_variable_of_the_table_becomes_its_channel(channel: str, name: str) -> None:
    """And its channel is one of the registry's."""
    assert QUANTITIES[channel].low <= 20 <= QUANTITIES[channel].high
    assert {channel: 20.0} == interpret({name: "20"})[0].values


def test_every_word_of_the_table_speaks_of_known_facts() -> None:
    """Words are told once each, and their channels are in the registry."""
    assert len(WORDS) == len({word.word for word in WORDS})
    assert {channel for word in WORDS for channel in {**word.says, **word.otherwise}} <= FACTS.keys() - TEXTS


def test_of_two_variables_for_one_channel_the_first_counts() -> None:
    """The UPS's own real power before that of its output."""
    assert 100 == facts("OL", ups__realpower="100", output__realpower="99")["output_power"]


@pytest.mark.parametrize(("text", "doubt"), [
    ("n/a", "battery.charge is 'n/a', which is no number"),
    ("1e2", "battery.charge is '1e2', which is no number"),
    ("nan", "battery.charge is 'nan', which is no number"),
    ("0x14", "battery.charge is '0x14', which is no number"),
    ("1000", "state_of_charge 1000 % is outside 0 to 100 %"),
])  # fmt: skip
def test_a_number_that_is_none_is_left_out_and_reported(text: str, doubt: str) -> None:
    """The rest of the reading stands."""
    reading, _ = interpret({"ups.status": "OL", "battery.charge": text})

    assert "state_of_charge" not in reading.values
    assert reading.values["ac_present"] is True
    assert [("implausible", doubt)] == [(d.code, d.detail) for d in reading.doubts]


def test_an_empty_variable_says_nothing() -> None:
    """Many drivers show those of other models."""
    assert interpret({"ups.status": "OL", "battery.temperature": ""})[0].doubts == ()


NAMES = [
    "ups.status",
    "battery.current",
    "ups.alarm",
    "ups.test.result",
    "input.phases",
    "battery.voltage.nominal",
    "x",
]
NAMES += [name for each in VARIABLES for name in each.names]
NAMES += [name.replace("#", "1") for each in VARIABLES for pattern in each.phases for name in pattern.split()]
TEXTS_OF_UPS = (
    st.text() | st.from_regex(r"[-+]?[0-9]{1,400}(\.[0-9]*)?", fullmatch=True) | st.sampled_from(["OL", "OB LB"])
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), TEXTS_OF_UPS), min_size=1, max_size=3))
def test_whatever_a_server_says_makes_a_reading(polls: list[dict[str, str]]) -> None:
    """Of known channels and finite values, however odd the texts, and a frame that can go on the wire."""
    history = History()
    for variables in polls:
        reading, history = interpret(variables, history)
        errors = tuple(doubt.error("nut:ups@host") for doubt in reading.doubts)
        frame = Frame(time=NOON, device="ups", values=dict(reading.values), errors=errors)

        assert reading.values.keys() <= QUANTITIES.keys() | FACTS.keys()
        assert all(isinstance(value, bool | str) or abs(value) < 1e18 for value in reading.values.values())
        assert frame == Frame.model_validate_json(frame.model_dump_json())
