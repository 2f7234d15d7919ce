"""What the inputs of an analog converter mean."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.ads1115 import MUX, PGA
from services.sensor_reader.core.chips.mount import Analog
from shared.messages import Name
from shared.settings import Settings

SOIL = "soil_moisture"


def _is_a_range(volts: float) -> float:
    if volts not in PGA:
        raise ValueError(f"must be one of {', '.join(f'{known:g}' for known in PGA)}")
    return volts


class AnalogSettings(Settings):
    """What the voltage at one analog input means: itself, soil moisture by two points, or a linear scale."""

    as_: Name | None = Field(default=None, alias="as")
    minus: Literal[1, 3] | None = None
    range_v: Annotated[float, AfterValidator(_is_a_range)] = 4.096
    dry_v: float | None = None
    wet_v: float | None = None
    gain: float = 1.0
    offset: float = 0.0

    @model_validator(mode="after")
    def _is_one_scale(self) -> Self:
        if (self.as_ == SOIL) != (self.dry_v is not None) or (self.dry_v is None) != (self.wet_v is None):
            raise ValueError(
                f"as: {SOIL} goes with dry_v and wet_v, the volts in dry and in wet soil, and only with it"
            )
        if self.dry_v is not None and self.dry_v == self.wet_v:
            raise ValueError("dry_v and wet_v are the same: the volts in dry and in wet soil must differ")
        if self.gain == 0:
            raise ValueError("gain is 0, so that every voltage would mean the same")
        return self

    def analog(self, number: int) -> Analog:
        """Return it as the chip's table takes it."""
        channel = self.as_ or f"ain{number}_voltage"
        if self.dry_v is None or self.wet_v is None:
            return Analog(number, channel, self.minus, self.range_v, self.gain, self.offset)
        gain = 100 / (self.wet_v - self.dry_v)
        return Analog(number, channel, self.minus, self.range_v, gain, -gain * self.dry_v, 0.0, 100.0)


AnalogInputs = dict[int, AnalogSettings]


def check_analog(kind: str, inputs: AnalogInputs) -> None:
    """Raise ValueError where a chip has no such inputs, or two of them give one channel."""
    if inputs and CHIPS[kind].wired is None:
        raise ValueError(f"analog: {kind} has no analog inputs")
    for number, each in inputs.items():
        if (number, None) not in MUX:
            raise ValueError(f"analog: there is no input {number}; {kind} has 0 to 3")
        if (number, each.minus) not in MUX:
            pairs = ", ".join(f"{a} minus {b}" for a, b in MUX if b is not None)
            raise ValueError(f"analog: {kind} cannot measure {number} minus {each.minus}; it can {pairs}")
    taken = Counter(each.analog(number).channel for number, each in inputs.items())
    twice = [channel for channel, count in taken.items() if count > 1]
    if twice:
        raise ValueError(f"analog: two inputs are {', '.join(twice)}; each gives a channel of its own")
