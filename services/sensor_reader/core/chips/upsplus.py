"""52Pi (GeeekPi) UPS Plus EP-0136: its controller. Registers as in the maker's ``Full-featured-demo-code.py``.

Rules:
1. Bytes are read one at a time, low byte first; the two of a word until two in a row agree. A high byte of 0xFF is a
   fault that is known of this controller, and no reading.
2. Mains are there while the USB-C or the micro-USB socket has more than 4.0 V (the maker's demo).
3. Its own battery voltage is wrong while charging (a comment in the demo). It goes into no channel: the board's INA219
   at 0x45 measures it, and its current, and the one at 0x40 what the Pi gets.
4. Nothing is written to read it. The maker's demo sets the countdown to the power cut as it reads.
5. Firmware 14 stops after about 35 minutes and still answers (geeekpi/upsplus#152); ``runtime_s`` then stands still.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.chips.power_cut import PowerCut, RegisterWrite
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Block, Field, Register, bits, byte

SOURCE = "Full-featured-demo-code.py"
MILLI, ONE = Fraction("0.001"), Fraction(1)
COUNTDOWN = byte("shutdown", 0x18)
NONSENSE = range(0xFF00, 0x10000)
SOCKET_V = 4.0


def _word(name: str, low: int, length: int = 2) -> Register:
    return Register(name, Block(bytes([low]), length, how="bytes", twice=True), 0, length, "little")


FIELDS = (
    # name              register               bits     step unit source
    Field("mcu_voltage", _word("mcu", 0x01), bits(15, 0), MILLI, "V", f"{SOURCE} 01h", never=NONSENSE),
    Field("pi_voltage", _word("pi", 0x03), bits(15, 0), MILLI, "V", f"{SOURCE} 03h", never=NONSENSE),
    Field("pack_voltage", _word("battery", 0x05), bits(15, 0), MILLI, "V", f"{SOURCE} 05h", never=NONSENSE),
    Field("usb_c_voltage", _word("usb_c", 0x07), bits(15, 0), MILLI, "V", f"{SOURCE} 07h", never=NONSENSE),
    Field("micro_usb_voltage", _word("micro_usb", 0x09), bits(15, 0), MILLI, "V", f"{SOURCE} 09h", never=NONSENSE),
    Field("temperature", _word("temperature", 0x0B), bits(15, 0), ONE, "°C", f"{SOURCE} 0Bh: estimated",
          channel="battery_temperature", never=NONSENSE),
    Field("charge", _word("percent", 0x13), bits(15, 0), ONE, "%", f"{SOURCE} 13h",
          channel="state_of_charge", never=range(101, 0x10000)),
    Field("power_state", byte("power_state", 0x17), bits(7, 0), ONE, "", f"{SOURCE} 17h: 1 is on"),
    Field("shutdown_s", COUNTDOWN, bits(7, 0), ONE, "s", f"{SOURCE} 18h: countdown, 0 is none"),
    Field("runtime_s", _word("runtime", 0x24, 4), bits(31, 0), ONE, "s", f"{SOURCE} 24h: of this run",
          channel="output_run_time"),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return the mains by the sockets' voltages; nothing of them while one could not be read."""
    if "usb_c_voltage" not in decoded or "micro_usb_voltage" not in decoded:
        return Reading()
    volts = max(decoded["usb_c_voltage"], decoded["micro_usb_voltage"])
    return Reading({"input_voltage": volts, "ac_present": volts > SOCKET_V})


UPSPLUS = Chip(
    kind="upsplus",
    title="52Pi UPS Plus EP-0136, controller",
    addresses=(0x17, 0x18),  # 0x18: geeekpi/upsplus#109
    fields=FIELDS,
    derive=derive,
    power_cut=PowerCut((RegisterWrite(COUNTDOWN),), 1, 255, f"{SOURCE}: 240 s there, 0 calls it back"),
)
