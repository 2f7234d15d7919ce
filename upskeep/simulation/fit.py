"""Fits the room model's parameters to a recording, and says how well.

Rules:
1. The model runs free for ``HORIZON_S`` from each measured state and is held against what was measured at the end: what
   counts is what a control law needs to know, where the air will be in a while.
2. The last third of the recording is not fitted to. How well the model does there is what is reported, beside what
   "it stays as it is" does.
3. Parameters are searched by their logarithms, one after the other, with steps that shrink (a pattern search); so each
   stays positive.
4. A parameter that nothing in the recording moves is left as it was, and said to be so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.climate.room import RoomModel, RoomState, pass_time
from upskeep.simulation.recording import RecordingError, Row

HORIZON_S = 1200.0
GAP_S = 900.0  # a longer one ends a piece
MOST_WINDOWS = 240
STEPS = (0.5, 0.25, 0.12, 0.06, 0.03)
UNMOVED = 0.002  # a parameter is not determined where a change by a third moves the error by less than this share
UNIT_C, UNIT_KPA = 0.3, 0.05  # errors are weighed against these
# parameter: the column that must have run for it to show; none: always
PARAMETERS: dict[str, str | None] = {
    "heat_kj_k": None,
    "loss_w_k": None,
    "leak_per_h": None,
    "transpiration_g_h_kpa": None,
    "dark_share": "light",
    "light_w": "light",
    "fan_m3_h": "exhaust",
    "heater_w": "heater",
    "cooler_w": "cooler",
    "humidifier_g_h": "humidifier",
    "dehumidifier_g_h": "dehumidifier",
}
AS_LONG_AS_NOTHING = dict.fromkeys(PARAMETERS, 1.0)


@dataclass(frozen=True, slots=True)
class Quality:
    """Errors ``HORIZON_S`` ahead on what was not fitted to (root mean squares), and those of "it stays as it is"."""

    celsius: float
    vpd_kpa: float
    staying_celsius: float
    staying_vpd_kpa: float
    windows: int

    @property
    def explained_pct(self) -> float:
        """How much of the VPD's movement the model explains, in % (of its square); below 0 it is worse than staying."""
        if self.staying_vpd_kpa == 0:
            return 0.0
        return 100 * (1 - (self.vpd_kpa / self.staying_vpd_kpa) ** 2)


@dataclass(frozen=True, slots=True)
class Fit:
    """The model, how well it does, and which parameters the recording says nothing about."""

    model: RoomModel
    quality: Quality
    undetermined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of one stretch; the first is where the model begins and the last what it is held against."""

    rows: tuple[Row, ...]


def fit(rows: Sequence[Row], begin: RoomModel, say: Callable[[str], None] = lambda _: None) -> Fit:
    """Return the model that fits best, beginning at ``begin`` (its volume is kept); raises RecordingError."""
    windows = _windows(rows)
    if len(windows) < 12:
        raise RecordingError(
            f"only {len(windows)} stretches of {HORIZON_S / 60:.0f} minutes without a gap; 12 are needed"
        )
    cut = max(len(windows) * 2 // 3, 8)
    learning, judging = _spread(windows[:cut]), _spread(windows[cut:])
    names = [name for name, column in PARAMETERS.items() if column is None or _moves(rows, column)]
    model = begin
    best = _error(model, learning)
    for step in STEPS:
        say(f"step {step:g}: error {math.sqrt(best):.3f}")
        model, best = _searched(model, best, names, step, learning)
    blind = [name for name in names if _hardly_matters(model, best, name, learning)]
    missing = [name for name in PARAMETERS if name not in names]
    return Fit(model, quality(model, judging), (*blind, *missing))


def _searched(
    model: RoomModel, best: float, names: list[str], step: float, windows: list[Window]
) -> tuple[RoomModel, float]:
    """Return the model after going up and down each parameter until no step of this size helps (at most 8 rounds)."""
    for _ in range(8):
        before = best
        for name in names:
            for factor in (1 + step, 1 / (1 + step)):
                tried = _scaled(model, name, factor)
                error = _error(tried, windows)
                if error < best:
                    model, best = tried, error
                    break
        if best > before * 0.998:
            break
    return model, best


def _scaled(model: RoomModel, name: str, factor: float) -> RoomModel:
    value = (getattr(model, name) or AS_LONG_AS_NOTHING[name]) * factor
    return model.model_copy(update={name: min(value, 1.0) if name == "dark_share" else value})


def _hardly_matters(model: RoomModel, best: float, name: str, windows: list[Window]) -> bool:
    worse = [_error(_scaled(model, name, factor), windows) for factor in (1.33, 0.75)]
    return max(worse) < best * (1 + UNMOVED)


def _windows(rows: Sequence[Row]) -> list[Window]:
    found, start = [], 0
    for index in range(1, len(rows)):
        if rows[index].at_s - rows[index - 1].at_s > GAP_S:
            start = index
        elif rows[index].at_s - rows[start].at_s >= HORIZON_S:
            found.append(Window(tuple(rows[start : index + 1])))
            start = index
    return found


def _spread(windows: list[Window]) -> list[Window]:
    """Return at most ``MOST_WINDOWS`` of them, at even distances."""
    step = max(len(windows) / MOST_WINDOWS, 1.0)
    return [windows[int(index * step)] for index in range(int(len(windows) / step))]


def _moves(rows: Sequence[Row], column: str) -> bool:
    return any(row.levels.get(column, 0.0) > 0.02 for row in rows)


def _end(model: RoomModel, window: Window) -> RoomState:
    room = window.rows[0].room
    for row, after in zip(window.rows, window.rows[1:], strict=False):
        outside = row.outside or window.rows[0].room
        room = pass_time(room, model, outside, row.levels, after.at_s - row.at_s, row.levels.get("light", 0.0))
    return room


def _error(model: RoomModel, windows: list[Window]) -> float:
    total = 0.0
    for window in windows:
        end, seen = _end(model, window), window.rows[-1].room
        total += ((end.celsius - seen.celsius) / UNIT_C) ** 2 + ((end.vapour_kpa - seen.vapour_kpa) / UNIT_KPA) ** 2
    return total / (2 * len(windows))


def quality(model: RoomModel, windows: list[Window]) -> Quality:
    """Return how well a model foresees the ends of the windows."""
    pairs = [(_end(model, each), each.rows[-1].room, each.rows[0].room) for each in windows]
    return Quality(
        celsius=_rms([end.celsius - seen.celsius for end, seen, _ in pairs]),
        vpd_kpa=_rms([end.deficit_kpa - seen.deficit_kpa for end, seen, _ in pairs]),
        staying_celsius=_rms([first.celsius - seen.celsius for _, seen, first in pairs]),
        staying_vpd_kpa=_rms([first.deficit_kpa - seen.deficit_kpa for _, seen, first in pairs]),
        windows=len(windows),
    )


def _rms(errors: list[float]) -> float:
    return math.sqrt(sum(error * error for error in errors) / len(errors))
