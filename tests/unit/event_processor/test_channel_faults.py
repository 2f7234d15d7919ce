"""One wrong variable is one fault: what is said of a channel that cannot be believed, and what is not."""

from __future__ import annotations

import pytest

from shared.messages import Event, Frame, Quality, ReadError
from tests.support.scenarios import at, run


def faulty(*channels: str, code: str = "implausible") -> tuple[ReadError, ...]:
    """Return an error of each channel, of a NUT server's device."""
    return tuple(ReadError(code=code, chip="ups@nas", detail="120 %", channel=channel) for channel in channels)


def frames(*spells: tuple[int, tuple[ReadError, ...]], quality: Quality = Quality.GOOD) -> list[Frame]:
    """Return frames a second apart: each (how many, errors)."""
    errors = [each for count, each in spells for _ in range(count)]
    values = {"ac_present": True}
    return [
        Frame(time=at(second), device="ups", values=values, errors=each, quality=quality)
        for second, each in enumerate(errors)
    ]


def faults(items: list[Frame]) -> list[tuple[str, str | None, float]]:
    """Return (type, channel, second) of what is said of faults."""
    events: list[Event] = run(items)[0]
    told = [event for event in events if event.type.startswith(("DATA_", "I2C_", "PART_", "COMM_"))]
    return [(event.type, event.data.get("channel"), (event.time - at(0)).total_seconds()) for event in told]


def test_a_variable_that_is_never_right_is_one_event_in_an_hour():
    """43,200 polls a day are no 43,200 errors, and none of a bus."""
    assert [("DATA_IMPLAUSIBLE", "state_of_charge", 5)] == faults(frames((3600, faulty("state_of_charge"))))


def test_it_is_reported_when_it_begins_and_when_it_ends_for_each_channel():
    """Two that come and go by themselves."""
    both, one = faulty("state_of_charge", "battery_temperature"), faulty("battery_temperature")

    assert [
        ("DATA_IMPLAUSIBLE", "state_of_charge", 15),
        ("DATA_IMPLAUSIBLE", "battery_temperature", 15),
        ("DATA_RECOVERED", "state_of_charge", 60),
        ("DATA_RECOVERED", "battery_temperature", 90),
    ] == faults(frames((10, ()), (20, both), (30, one), (60, ())))


def test_the_state_says_which_channels_are_in_doubt():
    """Beside the names of the rules, and no more when they are well."""
    doubted, well = (run(frames((10, faulty("state_of_charge")), (count, ())))[1] for count in (0, 40))

    assert doubted is not None
    assert well is not None
    assert (("data_implausible/state_of_charge",), ()) == (doubted.active, well.active)


def test_the_end_of_a_scale_is_an_event_of_its_own():
    """The value may be more."""
    assert [("DATA_SATURATED", "battery_current", 5)] == faults(
        frames((60, faulty("battery_current", code="saturated")))
    )


def test_a_frame_that_cannot_be_believed_makes_no_channel_well():
    """It says nothing of it."""
    silent = [item.model_copy(update={"quality": Quality.STALE}) for item in frames((200, ()))[100:]]

    assert [("DATA_IMPLAUSIBLE", "state_of_charge", 5)] == [
        told for told in faults([*frames((100, faulty("state_of_charge"))), *silent]) if told[0] != "DATA_STALE"
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ReadError(code="crc", chip="max17048@0x36"), ["I2C_ERROR"]),
        (ReadError(code="timeout", chip="ups@nas"), []),
        (ReadError(code="implausible", chip="ina219@0x41", channel="battery_current"), []),
        (ReadError(code="reset", chip="bq27441@0x55"), ["PART_FAULT"]),
    ],
    ids=["a bus", "a NUT server", "a channel of a chip", "a chip that was reset"],
)
def test_i2c_error_is_for_the_bus(error: ReadError, expected: list[str]):
    """What is wrong elsewhere has a name of its own."""
    assert expected == [name for name, _, _ in faults(frames((1, (error,))))]


def test_no_frame_makes_a_device_remember_more_than_64_channels():
    """A sender may name as many as it likes."""
    state = run(frames((10, faulty(*(f"channel_{n}" for n in range(500))))))[1]

    assert state is not None
    assert 64 == len(state.active)
