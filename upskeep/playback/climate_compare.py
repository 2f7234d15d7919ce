"""What ``backtest --compare`` says about climate zones: where another target would have commanded something else.

Both settings of a zone stand in Observe beside the same frames, so nothing that they want comes to pass
(``upskeep.simulation.observe``). A zone that only one configuration has shows among the settings, and not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.climate_controller.core.tick import Air
from services.climate_controller.settings import ControllerSettings, read
from shared.climate.decisions import Decision
from shared.messages import Frame
from upskeep.playback.differences import Difference, Kind, Occurrence
from upskeep.playback.settings_diff import Configuration
from upskeep.simulation.observe import Hours, Observed, SideBySide

CELSIUS, PERCENT = "air_temperature", "relative_humidity"
LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Apart:
    """Since when an actuator is wanted elsewhere, and both decisions at that moment."""

    since: datetime
    one: Decision
    two: Decision


class ZonePair:
    """One zone with two settings; each uses its own sensor."""

    def __init__(self, name: str, one: Observed, two: Observed) -> None:
        self.name, self._both = name, SideBySide(one, two)
        self._sensor, self._outside = two.zone.sensor, two.zone.outside
        self._around: Air | None = None
        self._apart: dict[str, Apart] = {}
        self._last: datetime | None = None

    @property
    def hours(self) -> Mapping[str, Hours]:
        """For how long each actuator would have run."""
        return self._both.hours

    def process(self, frame: Frame) -> Iterator[Difference]:
        """Yield what was wanted elsewhere until this frame, and is no more."""
        air = _air_of(frame)
        if air is not None and frame.device == self._outside:
            self._around = air
        if air is None or frame.device != self._sensor or (self._last is not None and frame.time <= self._last):
            return
        self._last = frame.time
        for one, two in self._both.observe(frame.time, air, self._around):
            yield from self._ended(one.actuator, frame.time)
            if one.level != two.level:
                self._apart[one.actuator] = Apart(frame.time, one, two)

    def end(self) -> Iterator[Difference]:
        """Yield what is still wanted elsewhere at the last frame."""
        for actuator in tuple(self._apart):
            assert self._last is not None  # noqa: S101 - what is apart was at a frame
            yield from self._ended(actuator, self._last)

    def _ended(self, actuator: str, until: datetime) -> Iterator[Difference]:
        apart = self._apart.pop(actuator, None)
        if apart is not None:
            for_s = round((until - apart.since).total_seconds(), 3)
            before, after = (self._occurrence(each, apart.since, for_s) for each in (apart.one, apart.two))
            yield Difference(Kind.CHANGED, before, after)

    def _occurrence(self, wanted: Decision, since: datetime, for_s: float) -> Occurrence:
        data = {LEVEL: round(wanted.level, 3), "for_s": for_s, "reason": wanted.reason.value, "text": wanted.text}
        return Occurrence(wanted.actuator, self._sensor, since, "info", data, self.name)


class Zones:
    """All zones that both configurations have; raises ConfigError on bad settings."""

    def __init__(self, before: Configuration, after: Configuration) -> None:
        one, two = (read(each.folder, each.environ) for each in (before, after))
        self._pairs = [ZonePair(name, _observed(one, name), _observed(two, name)) for name in _shared(one, two)]

    def process(self, frames: Sequence[Frame]) -> Iterator[Difference]:
        """Yield what came to an end in a batch."""
        for frame in frames:
            for pair in self._pairs:
                yield from pair.process(frame)

    def end(self) -> Iterator[Difference]:
        """Yield what had not come to an end."""
        for pair in self._pairs:
            yield from pair.end()

    def hours(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return the hours at full level and elsewhere, by zone and actuator; a zone that heard no air has none."""
        return {
            pair.name: {name: _hours(ran) for name, ran in pair.hours.items()} for pair in self._pairs if pair.hours
        }


def _observed(settings: ControllerSettings, name: str) -> Observed:
    climate = settings.climate
    return Observed(name, climate.zones[name], climate.plans, settings.clocks[name])


def _shared(one: ControllerSettings, two: ControllerSettings) -> list[str]:
    return [name for name in one.climate.zones if name in two.climate.zones]


def _hours(ran: Hours) -> dict[str, float]:
    found = {"before_h": ran.one_s, "after_h": ran.two_s, "apart_h": ran.apart_s}
    return {key: round(seconds / 3600, 2) for key, seconds in found.items()}


def _air_of(frame: Frame) -> Air | None:
    celsius, percent = (_number(frame.values.get(channel)) for channel in (CELSIUS, PERCENT))
    if celsius is None or percent is None or not 0 < percent <= 100:
        return None
    return Air(celsius, percent, frame.time.timestamp())


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
