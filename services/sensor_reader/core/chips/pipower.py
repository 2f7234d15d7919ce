"""SunFounder PiPower 3 and 5: their controller. Registers as in sunfounder/spc, ``spc_data_buffer_sheet.md``.

Rules:
1. Everything is read in one block of 21 bytes, low byte first: of one moment.
2. The battery's current counts discharge as positive (pipower5 ``battery_device.py``). PiPower 3 measures no currents,
   and what stands in their place is not read.
3. A request to shut down is reported and not obeyed.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits, word

ALL = Block(b"\x00", 21)
BOARD = word("board_id", 0x8C)
SHEET = "spc_data_buffer_sheet.md"
MILLI, ONE = Fraction("0.001"), Fraction(1)
YES = {0: False, 1: True}
REQUESTS: dict[int, bool | str] = {0: "none", 1: "low_battery", 2: "button", 3: "low_battery_voltage"}


def _word(name: str, address: int) -> Register:
    return Register(name, ALL, address, 2, "little")


def _byte(name: str, address: int) -> Register:
    return Register(name, ALL, address, 1)


COMMON = (
    # name                register                 bits     step unit source
    Field("supply_voltage", _word("vin", 0), bits(15, 0), MILLI, "V", SHEET, channel="input_voltage"),
    Field("output_voltage", _word("vout", 4), bits(15, 0), MILLI, "V", SHEET, channel="output_voltage"),
    Field("voltage", _word("vbat", 8), bits(15, 0), MILLI, "V", SHEET, channel="battery_voltage", never=(0xFFFF,)),
    Field("charge", _byte("percent", 12), bits(7, 0), ONE, "%", SHEET,
          channel="state_of_charge", never=range(101, 256)),
    Field("on_battery", _byte("power_source", 15), bit(0), ONE, "", SHEET),
    Field("plugged", _byte("plugged", 16), bits(7, 0), ONE, "", SHEET, channel="ac_present", means=YES),
    Field("charging", _byte("charging", 18), bits(7, 0), ONE, "", SHEET, channel="charging", means=YES),
    Field("request", _byte("request", 20), bits(7, 0), ONE, "", "spc.py SHUTDOWN_REQUEST",
          channel="shutdown_request", means=REQUESTS),
)  # fmt: skip

CURRENTS = (
    Field("supply_current", _word("iin", 2), bits(15, 0), MILLI, "A", SHEET, channel="input_current"),
    Field("output_current", _word("iout", 6), bits(15, 0), MILLI, "A", SHEET, channel="output_current"),
    Field("current", _word("ibat", 10), bits(15, 0), -MILLI, "A", f"{SHEET}; pipower5 battery_device.py", form="signed",
          channel="battery_current"),
)  # fmt: skip

PIPOWER = (
    Chip("pipower3", "SunFounder PiPower 3, controller", (0x5B,), COMMON),
    Chip("pipower5", "SunFounder PiPower 5, controller", (0x5C,), (*COMMON, *CURRENTS),
         identity=Identity(BOARD, 0xFFFF, (2602,))),  # spc devices.py
)  # fmt: skip
