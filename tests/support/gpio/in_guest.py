"""Runs inside the guest: plays a GPIO chip to the kernel, and reads it through the real adapter."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import gpiod

from services.sensor_reader.adapters.machine.gpio import GpioLines, chip_files
from services.sensor_reader.core.gpio_line import GpioLine
from services.sensor_reader.core.polling.device import Device, LinePart
from services.sensor_reader.core.polling.poll import poll_device
from services.sensor_reader.core.ports import PortError, Ports
from shared.messages import Frame
from tests.support.gpio.mcp2221 import LABEL, Mcp2221, load_modules

DEV = Path("/dev")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def said(line: GpioLine) -> object:
    """Return a line's level, or the error of it."""
    lines = GpioLines({line.line: line})
    try:
        return lines.read(line.line)
    except PortError as error:
        return str(error)
    finally:
        lines.close()


def follows(chip: Mcp2221) -> list[object]:
    """Change a level while the line is held, and take the chip away."""
    lines = GpioLines({0: GpioLine(0, LABEL)})
    seen: list[object] = []
    for level in (True, False, True):
        chip.levels[0] = level
        seen.append(lines.read(0))
    chip.unplug()
    for _ in range(2):
        try:
            seen.append(lines.read(0))
        except PortError as error:
            seen.append(str(error))
    lines.close()
    return seen


def dumped(frame: Frame | None) -> object:
    """Return a frame as JSON data; None stays None."""
    return None if frame is None else frame.model_dump(mode="json")


def everything() -> dict[str, object]:
    """Return everything there is to see."""
    seen: dict[str, object] = {"without a chip": said(GpioLine(6)), "chips before": len(chip_files(DEV))}
    load_modules()
    chip = Mcp2221({0: True, 1: False, 2: True, 3: None})
    for _ in range(600):
        if chip_files(DEV):
            break
        Event().wait(0.05)
    seen["chips"] = [path.name for path in chip_files(DEV)]
    seen["high"], seen["low"] = said(GpioLine(0, LABEL)), said(GpioLine(1, LABEL))
    seen["pulled"] = said(GpioLine(2, LABEL, "up"))
    seen["not a gpio"] = said(GpioLine(3, LABEL))
    seen["no such line"] = said(GpioLine(6, LABEL))
    seen["no such name"] = said(GpioLine("GPIO6"))
    seen["no such chip"] = said(GpioLine(0, "pinctrl-rp1"))
    seen["no header"] = said(GpioLine(6))
    with gpiod.request_lines(str(chip_files(DEV)[0]), consumer="somebody", config={0: None}):
        seen["held by another"] = said(GpioLine(0, LABEL))
    lines = GpioLines({1: GpioLine(1, LABEL)})
    device = Device("ups", (LinePart(1, high_means_mains=True, chip=LABEL),))
    seen["frame"] = dumped(poll_device(device, Ports(lines=lines), NOW, lambda _: None))
    lines.close()
    seen["follows"] = follows(chip)
    return seen
