"""GPIO lines through the kernel's character devices. The only place that knows gpiod.

Rules:
1. Lines are only inputs, and are polled; edges are not waited for. Debouncing is the events' matter (``lost_after_s``).
2. A chip is known by its label, a line by its number on that chip or by its name. /dev/gpiochipN is never trusted: the
   header is N = 0 or N = 4 by the kernel's whim (Raspberry Pi 5; suptronics/x120x issue 16).
3. Without a label, the chip is the one that carries a Raspberry Pi's header.
4. A line is requested at its first read and held; after a failure it is searched for again.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Mapping
from pathlib import Path

try:
    import gpiod
    from gpiod.line import Bias, Direction, Value
except ImportError:  # no wheel for this machine
    gpiod = None  # type: ignore[assignment]

from services.sensor_reader.core.gpio_line import HEADERS, GpioLine, LineId
from services.sensor_reader.core.ports import PortError
from shared.extras import needs

_BIAS = {"as_is": "AS_IS", "up": "PULL_UP", "down": "PULL_DOWN", "off": "DISABLED"}  # as gpiod calls them
_ADVICE = {
    errno.EACCES: "this user may not open it; add it to the group gpio",
    errno.EPERM: "this user may not open it; add it to the group gpio",
    errno.EBUSY: "another program holds the line; gpioinfo shows which",
    errno.EINVAL: "the chip has no such line, or no such bias",
    errno.ENODEV: "the chip is gone",
}


def chip_files(dev: Path) -> list[Path]:
    """Return the GPIO chips there are; none where gpiod is not installed."""
    if gpiod is None:
        return []
    return sorted(path for path in dev.glob("gpiochip*") if gpiod.is_gpiochip_device(str(path)))


def gpio_labels(dev: Path) -> list[str]:
    """Return the labels of the GPIO chips that this user may open."""
    labels = []
    for path in chip_files(dev):
        with contextlib.suppress(OSError), gpiod.Chip(str(path)) as chip:
            labels.append(chip.get_info().label)
    return labels


class GpioLines:
    """``Lines`` of this machine. ``wanted`` has the wiring of each line; ``dev`` stands for /dev."""

    def __init__(self, wanted: Mapping[LineId, GpioLine], dev: Path = Path("/dev")) -> None:
        self._wanted = wanted
        self._dev = dev
        self._requests: dict[LineId, tuple[gpiod.LineRequest, int]] = {}

    def read(self, line: LineId) -> bool:
        """Return whether the line is high; raises PortError."""
        try:
            request, offset = self._requests.get(line) or self._request(self._wanted[line])
            return request.get_value(offset) is Value.ACTIVE
        except OSError as error:
            self._drop(line)
            advice = _ADVICE.get(error.errno or 0, error.strerror or str(error))
            raise PortError("bus", f"line {line}: {advice}") from error

    def close(self) -> None:
        """Release all lines; safe to call twice."""
        for line in [*self._requests]:
            self._drop(line)

    def _drop(self, line: LineId) -> None:
        held = self._requests.pop(line, None)
        if held:
            held[0].release()

    def _request(self, line: GpioLine) -> tuple[gpiod.LineRequest, int]:
        path, offset = self._find(line)
        settings = gpiod.LineSettings(direction=Direction.INPUT, bias=Bias[_BIAS[line.bias]])
        with gpiod.Chip(str(path)) as chip:
            request = chip.request_lines(consumer="upskeep", config={offset: settings})
        self._requests[line.line] = (request, offset)
        return request, offset

    def _find(self, line: GpioLine) -> tuple[Path, int]:
        """Return the chip's file and the line's offset on it; raises PortError that names what there is."""
        seen: list[str] = []
        for path in chip_files(self._dev):
            with gpiod.Chip(str(path)) as chip:
                info = chip.get_info()
                seen.append(f"{info.label} ({info.num_lines} lines)")
                by_name = isinstance(line.line, str) and line.chip is None
                wanted = by_name or info.label == line.chip or (line.chip is None and info.label in HEADERS)
                offset = _offset(chip, line.line, info.num_lines) if wanted else None
            if offset is not None:
                return path, offset
        raise PortError("bus", f"line {line.line}: {_not_found(line, seen)}")


def _offset(chip: gpiod.Chip, line: LineId, count: int) -> int | None:
    if isinstance(line, int):
        return line if line < count else None
    return next((n for n in range(count) if chip.get_line_info(n).name == line), None)


def _not_found(line: GpioLine, seen: list[str]) -> str:
    there = ", ".join(seen)
    if gpiod is None:
        return needs("gpiod")
    if not there:
        return "this machine shows no GPIO chip (/dev/gpiochip*); pass it into the container, or load its driver"
    if line.chip is None and isinstance(line.line, int):
        return f"no chip here is a Raspberry Pi's header; name the chip as ac_detect.chip, one of: {there}"
    return f"is on no chip{f' {line.chip}' if line.chip else ''}; there are: {there}"
