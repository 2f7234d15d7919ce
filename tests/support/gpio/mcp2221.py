"""A USB chip with four GPIO lines (Microchip MCP2221), played to the kernel through uhid.

The driver, the GPIO chip and /dev/gpiochip0 are the kernel's own. Linux: drivers/hid/hid-mcp2221.c,
include/uapi/linux/uhid.h; datasheet DS20005565.
"""

from __future__ import annotations

import os
import struct
import subprocess
import threading
from pathlib import Path

MODULES = ("hid/hid", "hid/uhid", "iio/industrialio", "hid/hid-mcp2221")  # each after what it needs
LABEL = "mcp2221_gpio"
UHID = "/dev/uhid"
CREATE2, INPUT2, OUTPUT, DESTROY = 11, 12, 6, 1
OUTPUT_DATA = struct.Struct("<I4096sHB")
USB_BUS, VENDOR, PRODUCT = 3, 0x04D8, 0x00DD
GPIO_SET, GPIO_GET, NOT_A_GPIO = 0x50, 0x51, 0xEE
EVENT_BYTES = 4380
DESCRIPTOR = bytes.fromhex("0600ff0901a10109021500 26ff0075089540 8102 09031500 26ff0075089540 9102c0")


def load_modules(root: Path = Path("/var/lib/i2c-guest/kernel/lib/modules")) -> None:
    """Load the modules of the running kernel. Nothing is searched for: that takes a minute where it is emulated."""
    drivers = root / os.uname().release / "kernel" / "drivers"
    for name in MODULES:
        subprocess.run(["/bin/busybox", "insmod", drivers / f"{name}.ko"], check=False)


class Mcp2221:
    """The chip, plugged in. ``levels`` of its four lines are set; a line that is None is used for something else."""

    def __init__(self, levels: dict[int, bool | None]) -> None:
        self.levels = levels
        self._device = os.open(UHID, os.O_RDWR)
        name, phys, uniq = b"MCP2221".ljust(128, b"\0"), bytes(64), bytes(64)
        numbers = struct.pack("<HHIIII", len(DESCRIPTOR), USB_BUS, VENDOR, PRODUCT, 0, 0)
        self._send(CREATE2, name + phys + uniq + numbers + DESCRIPTOR)
        threading.Thread(target=self._serve, daemon=True).start()

    def unplug(self) -> None:
        """Take it away."""
        self._send(DESTROY, b"")

    def _send(self, kind: int, data: bytes) -> None:
        os.write(self._device, struct.pack("<I", kind) + data)

    def _serve(self) -> None:
        while True:
            event = os.read(self._device, EVENT_BYTES)
            kind, data, size, _ = OUTPUT_DATA.unpack_from(event.ljust(OUTPUT_DATA.size, b"\0"))
            if kind == OUTPUT:
                answer = self._answer(data[:size].ljust(64, b"\0"))
                self._send(INPUT2, struct.pack("<H", len(answer)) + answer)

    def _answer(self, asked: bytes) -> bytes:
        if asked[0] == GPIO_SET:
            return bytes([GPIO_SET, 0]) + asked[2:64]
        if asked[0] != GPIO_GET:  # the speed of its I2C side, which the driver sets first
            return bytes([asked[0], 0, 0, asked[3]]) + bytes(60)
        answer = bytearray([asked[0], 0]) + bytearray(62)
        for line in range(4):
            level = self.levels.get(line)
            # Value and direction by the datasheet; Linux 6.1 takes the value from the second, so both say the same.
            answer[2 + 2 * line : 4 + 2 * line] = [NOT_A_GPIO] * 2 if level is None else [level] * 2
        return bytes(answer)
