"""How a controller is ordered to cut the power it gives, as rows of its chip's table.

Rules:
1. It is written for one reason only: somebody has sent the command ``cut_power``, and the device allows it.
2. Only the bits meant are changed; what else stands in a register stays.
3. What was written is read back where the register shows it. A cut that cannot be seen to count down has failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.sensor_reader.core.registers.fields import Register


@dataclass(frozen=True, slots=True)
class RegisterWrite:
    """One register written: ``value``, or the delay in seconds where that is None, under ``mask``.

    ``shows``: the register reads as it was written, or as a countdown that has begun.
    """

    register: Register
    value: int | None = None
    mask: int = 0xFF
    shows: bool = True

    def word(self, held: int, delay_s: int) -> int:
        """Return what the register is to hold, where it holds ``held``."""
        value = delay_s if self.value is None else self.value
        return held & ~self.mask & 0xFF | value & self.mask

    def wire(self, address: int, word: int) -> bytes:
        """Return the bytes to write."""
        command, check = self.register.block.command, self.register.block.check
        data = bytes([word])
        return command + data + (bytes([check.seal_written(address, command, data)]) if check else b"")

    def fits(self, found: int, written: int) -> bool:
        """Say whether the register reads as it must afterwards."""
        if self.value is None:
            return 0 < found <= written
        return found & self.mask == written & self.mask


@dataclass(frozen=True, slots=True)
class PowerCut:
    """``steps`` in order; ``after`` are written in any case, also when a step has failed. Delays in whole seconds.

    ``final``: it cannot be called back. Where ``least_s`` is ``most_s``, the delay is fixed.
    """

    steps: tuple[RegisterWrite, ...]
    least_s: int
    most_s: int
    source: str
    after: tuple[RegisterWrite, ...] = ()
    final: bool = False

    @property
    def span(self) -> str:
        """The delays it takes, for a person."""
        return f"{self.least_s} s" if self.least_s == self.most_s else f"{self.least_s} to {self.most_s} s"

    @property
    def written(self) -> str:
        """What is written, for a person."""
        return ", ".join(_in_words(step) for step in (*self.steps, *self.after)) + (", for good" if self.final else "")

    def delay_s(self, after_s: int) -> int | None:
        """Return the shortest delay it has that is not below ``after_s``, None where it has none so long."""
        return max(after_s, self.least_s) if after_s <= self.most_s else None


def _in_words(step: RegisterWrite) -> str:
    register = f"{step.register.block.name}h"
    if step.value is None:
        return f"{register} = the delay"
    return f"{register} = {step.value:#04x}" + ("" if step.mask == 0xFF else f" under {step.mask:#04x}")
