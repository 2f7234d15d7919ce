"""What a simulated chip shows of the world: a value for each of its table's fields that has one, by the field's name.

A field of another name stays 0, which every table takes for "no fault".
"""

from __future__ import annotations

from services.sensor_reader.adapters.simulated.world import World, noise
from services.sensor_reader.core.polling.device import ChipPart
from services.sensor_reader.core.registers.fields import Block, encode

VOLTAGE_NOISE_V = 0.002
CURRENT_NOISE_A = 0.004
SUPPLY_V = 5.1
LOAD_A = 1.2  # what the Pi takes at 5 V, about
USB_PRESENT, CHARGES_FROM_USB = 3.0, 1.0  # PiJuice's words for them
ROOM_C = 27.0


def payloads_of(part: ChipPart, world: World, step: int) -> dict[Block, bytes]:
    """Return the blocks of a chip that sees the pack, or what the pack gives, as its board has wired it."""
    shown = _states(world) | _measured(part, world, step)
    return encode(part.chip.fields, shown)


def _measured(part: ChipPart, world: World, step: int) -> dict[str, float]:
    volts = world.voltage_v + VOLTAGE_NOISE_V * noise(step, 0)
    amps = world.current_a + CURRENT_NOISE_A * noise(step, 1)
    if part.mount.measures == "output":
        volts, amps = SUPPLY_V, LOAD_A + CURRENT_NOISE_A * noise(step, 1)
    cells = {f"cell_{number}": volts / part.mount.cells for number in (1, 2, 3, 4)}
    return cells | {
        "voltage": volts,
        "current": part.mount.current_sign * amps,
        "shunt_voltage": part.mount.current_sign * amps * part.mount.shunt_ohm,
        "output_current": LOAD_A + CURRENT_NOISE_A * noise(step, 1),
        "charge": 100 * world.charge,
        "rate": 20.0 * world.current_a,
        "charge_current": max(amps, 0.0),
        "runtime_s": float(step),
    }


def _states(world: World) -> dict[str, float]:
    mains, charging = float(world.mains), float(world.charging)
    present = dict.fromkeys(("plugged", "supply", "power_good", "supply_good"), mains)
    well = dict.fromkeys(("conversion_ready", "gauge_ok", "charger_ok", "output_on", "power_state"), 1.0)
    supply = {"supply_voltage": SUPPLY_V if mains else 2.6, "usb_c_voltage": SUPPLY_V * mains}
    return {
        **present,
        **well,
        **supply,
        "on_battery": 1.0 - mains,
        "input_low": 1.0 - mains,
        "discharging": 1.0 - charging,
        "charging": charging,
        "charge_status": 2 * charging,
        "usb_input": USB_PRESENT * mains,
        "battery": CHARGES_FROM_USB * charging,
        "output_voltage": SUPPLY_V,
        "io_voltage": SUPPLY_V,
        "temperature": ROOM_C,
    }
