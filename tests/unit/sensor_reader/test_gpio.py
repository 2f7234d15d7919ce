"""GPIO lines on a machine that has none; with a kernel's chip: tests/contract/test_gpio_lines.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.sensor_reader.adapters.machine.gpio import GpioLines, chip_files
from services.sensor_reader.core.gpio_line import GpioLine
from services.sensor_reader.core.polling.device import LinePart
from services.sensor_reader.core.ports import PortError, Ports


@pytest.mark.parametrize("line", [GpioLine(6), GpioLine("GPIO6"), GpioLine(6, "pinctrl-rp1", "up")])
def test_a_machine_without_chips_says_so_and_guesses_nothing(tmp_path: Path, line: GpioLine) -> None:
    """What is missing, and what to do."""
    lines = GpioLines({line.line: line}, tmp_path)

    with pytest.raises(PortError) as caught:
        lines.read(line.line)
    assert str(caught.value) == (
        f"bus: line {line.line}: this machine shows no GPIO chip (/dev/gpiochip*); pass it into the container,"
        " or load its driver"
    )
    lines.close()


def test_a_file_that_is_no_chip_is_none(tmp_path: Path) -> None:
    """Whatever it is called."""
    (tmp_path / "gpiochip0").write_text("")

    assert [] == chip_files(tmp_path)


@pytest.mark.parametrize(("high", "means_mains", "mains"), [
    (True, True, True), (False, True, False), (True, False, False), (False, False, True),
])  # fmt: skip
def test_which_level_means_mains_is_the_boards(*, high: bool, means_mains: bool, mains: bool) -> None:
    """A Geekworm X1201 and an X728 are opposite."""

    class Lines:
        def read(self, line: int | str) -> bool:
            assert "GPIO6" == line
            return high

    assert {"ac_present": mains} == LinePart("GPIO6", means_mains).read(Ports(lines=Lines())).values


def test_a_part_is_named_by_its_line() -> None:
    """By number or by name."""
    assert ["gpio6", "AC_DETECT"] == [LinePart(6, True).name, LinePart("AC_DETECT", True).name]
    assert GpioLine("AC_DETECT", "tca9555", "down") == LinePart("AC_DETECT", True, "tca9555", "down").wiring
