"""How a GPIO line is wired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LineId = int | str  # its number on its chip, or its name
Bias = Literal["as_is", "up", "down", "off"]

# Labels of the chips that carry a Raspberry Pi's header: Pi 5, Pi 4, all before (Linux, drivers/pinctrl).
HEADERS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")


@dataclass(frozen=True, slots=True)
class GpioLine:
    """A line of a chip. ``chip`` is its label (None: the Pi's header), ``bias`` the pull to switch on."""

    line: LineId
    chip: str | None = None
    bias: Bias = "as_is"
