"""GPIO lines: one contract over the simulated ones and the kernel's own, through gpiod, in a guest."""

from __future__ import annotations

from typing import Any

import pytest

from services.sensor_reader.adapters.simulated.bus import SimulatedLines
from services.sensor_reader.core.ports import PortError
from tests.support.gpio.mcp2221 import LABEL

pytestmark = pytest.mark.timeout(1500)  # the guest may have to be booted twice


@pytest.fixture
def guest(seen_in_guest: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What ``tests/support/gpio/in_guest.py`` saw in a guest whose kernel has a GPIO chip."""
    return seen_in_guest["gpio"]


def simulated() -> dict[str, Any]:
    """The same of the simulated lines."""
    lines = SimulatedLines()
    lines.levels = {0: True, 1: False}
    seen: dict[str, Any] = {"high": lines.read(0), "low": lines.read(1)}
    try:
        seen["no such line"] = lines.read(6)
    except PortError as error:
        seen["no such line"] = str(error)
    return seen


@pytest.mark.parametrize("kind", ["simulated", pytest.param("kernel", marks=pytest.mark.gpio)])
def test_lines_do_what_all_lines_must(kind: str, request: pytest.FixtureRequest) -> None:
    """High is true, low is false, and a line that is not there is an error and no level."""
    seen = simulated() if kind == "simulated" else request.getfixturevalue("guest")

    assert (True, False) == (seen["high"], seen["low"])
    assert seen["no such line"].startswith("bus: ")


@pytest.mark.gpio
def test_a_chip_is_found_by_its_label_and_a_line_read_through_the_kernel(guest: dict[str, Any]) -> None:
    """A pull that the chip does not have is no matter, to the kernel nor to us."""
    assert (0, ["gpiochip0"], True) == (guest["chips before"], guest["chips"], guest["pulled"])


@pytest.mark.gpio
def test_a_frame_holds_what_the_line_says(guest: dict[str, Any]) -> None:
    """Low, where high means mains."""
    assert ({"ac_present": False}, "good", []) == (
        guest["frame"]["values"], guest["frame"]["quality"], guest["frame"]["errors"])  # fmt: skip


@pytest.mark.gpio
def test_a_held_line_follows_until_its_chip_is_gone(guest: dict[str, Any]) -> None:
    """Every read is fresh; afterwards each is an error, none the last level."""
    assert [True, False, True] == guest["follows"][:3]
    assert [True, True] == [str(said).startswith("bus: line 0: ") for said in guest["follows"][3:]]


@pytest.mark.gpio
@pytest.mark.parametrize(("what", "said"), [
    ("without a chip", ("bus: line 6: this machine shows no GPIO chip (/dev/gpiochip*); pass it into the container, or"
                       " load its driver")),
    ("no header", ("bus: line 6: no chip here is a Raspberry Pi's header; name the chip as ac_detect.chip, one of:"
                  f" {LABEL} (4 lines)")),
    ("no such line", f"bus: line 6: is on no chip {LABEL}; there are: {LABEL} (4 lines)"),
    ("no such name", f"bus: line GPIO6: is on no chip; there are: {LABEL} (4 lines)"),
    ("no such chip", f"bus: line 0: is on no chip pinctrl-rp1; there are: {LABEL} (4 lines)"),
    ("held by another", "bus: line 0: another program holds the line; gpioinfo shows which"),
])  # fmt: skip
def test_what_is_wrong_with_a_line_is_named(guest: dict[str, Any], what: str, said: str) -> None:
    """With what there is instead."""
    assert said == guest[what]


@pytest.mark.gpio
def test_a_pin_that_is_used_for_something_else_is_an_error(guest: dict[str, Any]) -> None:
    """No level is made up for it."""
    assert guest["not a gpio"].startswith("bus: line 3: ")
