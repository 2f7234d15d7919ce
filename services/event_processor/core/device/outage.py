"""An outage in a device's memory, from its first frame on battery."""

from __future__ import annotations

from typing import NamedTuple

from services.event_processor.core.device.memory import Numbers


class Outage(NamedTuple):
    """Times are s on the device's steady clock; a figure that is not measured is None.

    ``gap_before_s`` and ``gap_after_s``: the time without frames before its first frame on battery, and between its
    last one and the first on mains. ``silent_s``: the silences in between. ``ended_s``: when mains power returned,
    confirmed or pending.
    """

    began_s: float
    percent: float | None = None
    lowest_percent: float | None = None
    lowest_cell_v: float | None = None
    energy_wh: float | None = None
    charge_ah: float | None = None
    gap_before_s: float | None = None
    silent_s: float = 0.0
    ended_s: float | None = None
    gap_after_s: float = 0.0

    def lasted_s(self, now_s: float) -> float:
        """Return how long it lasted, from the first frame on battery to the first one on mains."""
        return round((now_s if self.ended_s is None else self.ended_s) - self.began_s, 3)

    def bounds_s(self, now_s: float) -> tuple[float, float | None]:
        """Return how long it lasted at least and at most; None: no upper bound."""
        lasted_s = self.lasted_s(now_s)
        most = None if self.gap_before_s is None else round(lasted_s + self.gap_before_s, 3)
        return round(max(lasted_s - self.gap_after_s - self.silent_s, 0.0), 3), most

    def loose(self, within_s: float) -> bool:
        """Whether a gap or silence longer than ``within_s`` leaves its length uncertain."""
        return max(self.gap_before_s or 0.0, self.gap_after_s, self.silent_s) > within_s


def read_outage(numbers: Numbers | None) -> Outage | None:
    """Return the remembered outage, of this version or an earlier one; None without one."""
    if numbers is None or isinstance(numbers, Outage):
        return numbers
    return None if numbers[0] is None else Outage(*numbers)  # type: ignore[arg-type]  # as Outage wrote them
