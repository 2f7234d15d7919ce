"""PiJuice HAT: its controller. Commands as in the maker's ``pijuice.py``, answers as in ``command_server.c`` (V1.6).

Rules:
1. Every answer bears a check byte, and is not believed without it.
2. The temperature is the first byte, signed; the second is always 0xFF (``CmdServerReadBatTemp``), so that who reads
   both sees -232 °C for 24 (PiJuice#124).
3. The battery's current counts discharge as positive (``fuel_gauge_lc709203f.c``: by how much the charge falls).
4. Mains are there when the USB socket or the 5 V pins are present or weak, as the maker's ``pijuice_sys.py`` has it.
5. It does not cut the power while the Pi is fed by its own socket (``power_management.c``).
6. Fault flags stay until somebody clears them, over a loss of power too. They are reported, never cleared.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.faults import fault_channel
from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.chips.power_cut import PowerCut, RegisterWrite
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.checksums import XOR_FF
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits


def _register(name: str, command: int, length: int, size: int) -> Register:
    return Register(name, Block(bytes([command]), length, check=XOR_FF), 0, size, "little")


STATUS, LEVEL, FAULTS = (_register(n, c, 1, 1) for n, c in (("status", 0x40), ("level", 0x41), ("faults", 0x44)))
TEMPERATURE = _register("temperature", 0x47, 2, 1)
VOLTAGE, CURRENT, IO_VOLTAGE, IO_CURRENT = (
    _register(n, c, 2, 2) for n, c in (("voltage", 0x49), ("current", 0x4B), ("io_voltage", 0x4D), ("io_current", 0x4F))
)
POWER_OFF = _register("power_off", 0x62, 1, 1)
FIRMWARE = _register("firmware", 0xFD, 2, 1)

MILLI, FLAG = Fraction("0.001"), Fraction(1)
BAD = 1  # 0 not present, 1 bad, 2 weak, 3 present

FIELDS = (
    # name               register bits     step  unit source
    Field("fault", STATUS, bit(0), FLAG, "", "pijuice.py GetStatus"),
    Field("button", STATUS, bit(1), FLAG, "", "pijuice.py GetStatus"),
    Field("battery", STATUS, bits(3, 2), FLAG, "", "pijuice.py GetStatus: 1 from USB, 2 from 5 V, 3 none",
          channel="charging", means={0: False, 1: True, 2: True, 3: False}),
    Field("usb_input", STATUS, bits(5, 4), FLAG, "", "pijuice.py GetStatus"),
    Field("pin_input", STATUS, bits(7, 6), FLAG, "", "pijuice.py GetStatus"),
    Field("charge", LEVEL, bits(7, 0), FLAG, "%", "pijuice.py GetChargeLevel",
          channel="state_of_charge", never=range(101, 256)),
    Field("button_power_off", FAULTS, bit(0), FLAG, "", "pijuice.py GetFaultStatus"),
    Field("forced_power_off", FAULTS, bit(1), FLAG, "", "pijuice.py GetFaultStatus"),
    Field("forced_sys_power_off", FAULTS, bit(2), FLAG, "", "pijuice.py GetFaultStatus"),
    Field("watchdog_reset", FAULTS, bit(3), FLAG, "", "pijuice.py GetFaultStatus"),
    Field("battery_profile_invalid", FAULTS, bit(5), FLAG, "", "pijuice.py GetFaultStatus"),
    Field("charging_temperature", FAULTS, bits(7, 6), FLAG, "", "pijuice.py GetFaultStatus"),
    Field("temperature", TEMPERATURE, bits(7, 0), FLAG, "°C", "command_server.c CmdServerReadBatTemp", form="signed",
          channel="battery_temperature"),
    Field("voltage", VOLTAGE, bits(15, 0), MILLI, "V", "command_server.c CmdServerReadBatVoltage",
          channel="battery_voltage", never=(0xFFFF,), void=("battery", 3)),
    Field("current", CURRENT, bits(15, 0), -MILLI, "A", "command_server.c CmdServerReadBatCurrent", form="signed",
          channel="battery_current", void=("battery", 3)),
    Field("io_voltage", IO_VOLTAGE, bits(15, 0), MILLI, "V", "command_server.c CmdServerReadMainVoltage",
          channel="output_voltage", never=(0xFFFF,)),
    Field("io_current", IO_CURRENT, bits(15, 0), MILLI, "A", "PiJuice Software/README.md: positive into the Pi",
          form="signed", channel="output_current"),
)  # fmt: skip

FLAGS = tuple(field.name for field in FIELDS[6:11])
CHARGING_TEMPERATURE = {1: "charging_suspended", 2: "charging_cool", 3: "charging_warm"}


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return mains, battery and faults."""
    temperature = CHARGING_TEMPERATURE.get(int(decoded["charging_temperature"]))
    return Reading(
        {
            "ac_present": max(decoded["usb_input"], decoded["pin_input"]) > BAD,
            "battery_present": decoded["battery"] != 3,
            "power_fault": bool(decoded["forced_power_off"] or decoded["forced_sys_power_off"]),
            **fault_channel(decoded, FLAGS, [temperature] if temperature else []),
        }
    )


PIJUICE = Chip(
    kind="pijuice",
    title="PiJuice HAT, controller",
    addresses=(0x14,),
    fields=FIELDS,
    identity=Identity(FIRMWARE, 0xF0, (0x10,)),  # pijuice.py GetFirmwareVersion: major in the high half; 1.x so far
    derive=derive,
    power_cut=PowerCut(
        (RegisterWrite(POWER_OFF),), 1, 250, "pijuice.py SetPowerOff; power_management.c V1.6: 255 calls it back"
    ),
)
