"""Foreign drivers: whatever they do costs their own frames only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from services.sensor_reader.adapters.remote.drivers import ForeignDriver
from services.sensor_reader.core.driver import Doubt, PortError, Reading, vetted
from shared.messages import Frame
from tests.unit.sensor_reader.test_remote_devices import START


class Settings(BaseModel, extra="forbid"):
    """Of the drivers below."""

    volts: float = 12.0


class Well:
    """A driver as it should be."""

    Settings: ClassVar[type[BaseModel]] = Settings
    made = 0
    closed = 0

    def __init__(self, settings: Any) -> None:
        type(self).made += 1
        self.settings = settings

    def read(self) -> Any:
        return Reading({"battery_voltage": self.settings.volts})

    def close(self) -> None:
        type(self).closed += 1


def driver(kind: Any, settings: Mapping[str, Any] | None = None) -> ForeignDriver:
    return ForeignDriver("acme", settings or {}, lambda: kind)


def failure(one: ForeignDriver) -> tuple[str, str]:
    """Return code and detail of a read that fails."""
    with pytest.raises(PortError) as caught:
        one.read()
    return caught.value.code, caught.value.detail


def reading_of(read: Callable[[], Any]) -> type[Well]:
    """Return a driver whose ``read`` is this."""
    return type("Odd", (Well,), {"read": lambda _: read(), "made": 0, "closed": 0})


def test_a_driver_is_made_once_with_its_settings_and_read() -> None:
    """What it says is the reading."""
    kind = type("Kind", (Well,), {"made": 0, "closed": 0})
    one = driver(kind, {"volts": 13.5})

    assert [Reading({"battery_voltage": 13.5})] * 2 == [one.read(), one.read()]
    one.close()
    one.close()
    assert (1, 1) == (kind.made, kind.closed)


@pytest.mark.parametrize("error", [ValueError("no such port"), SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_an_exception_is_reported_with_its_place_and_the_driver_made_anew(error: BaseException) -> None:
    """Even one that would end the process."""

    def read() -> None:
        raise error

    kind = reading_of(read)
    one = driver(kind)
    code, detail = failure(one)

    assert "driver" == code
    assert detail.startswith(f"acme failed: {type(error).__name__}")
    assert f"{__file__}:" in detail
    assert (1, 1) == (kind.made, kind.closed)
    failure(one)
    assert 2 == kind.made


def test_a_driver_may_say_itself_what_is_wrong() -> None:
    """Under a code of its own, and it is kept."""

    def read() -> None:
        raise PortError("nack", "nobody on /dev/ttyUSB0; is it plugged in?")

    kind = reading_of(read)
    one = driver(kind)

    assert ("nack", "nobody on /dev/ttyUSB0; is it plugged in?") == failure(one)
    assert ("nack", "nobody on /dev/ttyUSB0; is it plugged in?") == failure(one)
    assert 1 == kind.made


def test_wrong_settings_are_reported_by_name() -> None:
    """All of them."""
    code, detail = failure(driver(Well, {"volts": "many", "amps": 1}))

    assert "driver" == code
    assert detail == (
        "acme: its settings are wrong: volts: Input should be a valid number, unable to parse string as a number;"
        " amps: Extra inputs are not permitted"
    )


@pytest.mark.parametrize("kind", [object, int, "text", None])
def test_what_is_no_driver_is_reported(kind: object) -> None:
    """An entry point can name anything."""
    assert "has no Settings, a pydantic model" in failure(driver(kind))[1]


def test_a_driver_that_is_not_installed_is_reported() -> None:
    """Also where it was when the reader started."""
    assert ("driver", "no installed package offers the driver 'acme' (entry point group upskeep.drivers)") == failure(
        ForeignDriver("acme", {})
    )


def test_an_import_that_fails_is_reported_and_tried_again() -> None:
    """The next poll may find it mended."""
    tries = iter([ImportError("No module named 'serial'"), None])

    def load() -> type[Well]:
        error = next(tries)
        if error:
            raise error
        return Well

    one = ForeignDriver("acme", {}, load)

    assert "acme failed: ImportError: No module named 'serial'" in failure(one)[1]
    assert {"battery_voltage": 12.0} == one.read().values


@pytest.mark.parametrize("answer", [None, 12.0, {"battery_voltage": 12.0}, Reading, Reading([("load", 1)])])
def test_an_answer_that_is_no_reading_is_an_error(answer: object) -> None:
    """What was got is shown."""
    assert failure(driver(reading_of(lambda: answer)))[1].startswith("read() must return a Reading")


@pytest.mark.parametrize(("name", "value", "fault"), [
    ("battery_voltage", None, "battery_voltage: must be a finite number (got None)"),
    ("battery_voltage", "12", "battery_voltage: must be a finite number (got '12')"),
    ("battery_voltage", True, "battery_voltage: must be a finite number (got True)"),
    ("battery_voltage", float("nan"), "battery_voltage: must be a finite number (got nan)"),
    ("battery_voltage", 1e9, "battery_voltage 1e+09 V is outside 0 to 1000 V"),
    ("ac_present", 1, "ac_present: must be true or false (got 1)"),
    ("lifecycle", "stopped", "lifecycle: is the reader's own (got 'stopped')"),
    ("calibration", "due", "calibration: is the reader's own (got 'due')"),
    ("clean", True, "clean: is the reader's own (got True)"),
    ("self_test", True, "self_test: must be a short text (got True)"),
    ("their own", 1.0, "their own: a channel's name is made of letters, digits, _ . and - (got 1.0)"),
    (7, 1.0, "7: a channel's name is made of letters, digits, _ . and - (got 1.0)"),
    ("theirs", [1], "theirs: must be a finite number, true or false, or a short text (got [1])"),
    ("theirs", 2**63, "theirs: must be a finite number, true or false, or a short text (got 9223372036854775808)"),
])  # fmt: skip
def test_a_value_that_cannot_be_is_left_out_and_reported(name: Any, value: Any, fault: str) -> None:
    """The others stand."""
    reading = vetted(Reading({name: value, "load": 20.0}))

    assert {"load": 20.0} == reading.values
    assert [("implausible", fault)] == [(doubt.code, doubt.detail) for doubt in reading.doubts]


def test_channels_of_ones_own_are_carried() -> None:
    """Numbers, yes and no, and short texts."""
    values = {"acme.fan_speed": 1200, "acme.mode": "eco", "acme.door": False, "acme.x": 0.5}

    assert Reading(values) == vetted(Reading(values))


def test_facts_in_words_are_carried() -> None:
    """Such as what came of the UPS's own test."""
    assert {"self_test": "passed"} == vetted(Reading({"self_test": "passed"})).values


def test_a_driver_may_say_that_there_is_nothing_new() -> None:
    """And only by true."""
    assert [True, False] == [vetted(Reading(waits=waits)).waits for waits in (True, 7)]  # type: ignore[arg-type]


def test_doubts_are_the_drivers_own() -> None:
    """What is no Doubt is told as text."""
    mine = Doubt("implausible", "the gauge is starting")

    assert (mine, Doubt("driver", "odd"), Doubt("driver", "Doubt(code=None, detail=7, channel=None)")) == vetted(
        Reading({}, (mine, "odd", Doubt(None, 7)))  # type: ignore[arg-type]
    ).doubts
    assert "doubts must be Doubts" in vetted(Reading({}, 7)).doubts[0].detail  # type: ignore[arg-type]


class Counted(float):
    """As numpy's numbers are."""


class Mode(IntEnum):
    """A number with a name."""

    ECO = 2


def test_numbers_of_other_kinds_become_plain_ones() -> None:
    """A frame holds nothing else."""
    values = vetted(Reading({"load": Counted(20.5), "acme.mode": Mode.ECO})).values

    assert [(20.5, float), (2, int)] == [(value, type(value)) for value in values.values()]


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.none()))


@given(st.dictionaries(st.one_of(st.text(), st.sampled_from(["load", "ac_present"]), st.integers()), ANYTHING))
def test_whatever_a_driver_says_what_is_left_makes_a_frame(values: dict[Any, Any]) -> None:
    """So nothing it says can stop the reader."""
    reading = vetted(Reading(values))
    frame = Frame(time=START, device="shed", values=dict(reading.values))

    assert frame == Frame.model_validate_json(frame.model_dump_json())
    assert len(values) == len(reading.values) + len(reading.doubts)
