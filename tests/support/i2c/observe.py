"""What every I2C bus must do, as a table: an operation and its outcome.

The same operations run over the simulated bus and, in a guest with a real kernel, over ``/dev/i2c-0``.
"""

from __future__ import annotations

from collections.abc import Callable

from services.sensor_reader.core.ports import BusError, I2cBus

GAUGE, MONITOR, NOBODY = 0x36, 0x40, 0x11
# A MAX17040 as dumped in davidem/UPS-Lite README, bytes from register 0x02 on; an INA219's words.
GAUGE_BYTES = bytes.fromhex("b520 230f 0000 0002 ffff 9700")
MONITOR_WORDS = {0x00: 0x399F, 0x01: 0xFE0C, 0x02: 0x2022}

Operation = Callable[[I2cBus], object]


def _written(bus: I2cBus, data: str) -> I2cBus:
    bus.write(GAUGE, bytes.fromhex(data))
    return bus


CONTRACT: dict[str, tuple[Operation, object]] = {
    "a word comes high byte first": (lambda bus: bus.read_word(GAUGE, 0x02), 0xB520),
    "a word with equal bytes": (lambda bus: bus.read_word(GAUGE, 0x0A), 0xFFFF),
    "a word of a chip that counts words": (lambda bus: bus.read_word(MONITOR, 0x01), 0xFE0C),
    "its neighbour": (lambda bus: bus.read_word(MONITOR, 0x02), 0x2022),
    "a block comes in the order of the wire": (lambda bus: bus.read_block(GAUGE, 0x02, 4).hex(), "b520230f"),
    "a block of one byte": (lambda bus: bus.read_block(GAUGE, 0x05, 1).hex(), "0f"),
    "a long block": (lambda bus: bus.read_block(GAUGE, 0x02, 12).hex(), GAUGE_BYTES.hex()),
    "a byte": (lambda bus: bus.read_byte(GAUGE, 0x05), 0x0F),
    "what is written is read back": (
        lambda bus: _written(bus, "401234").read_block(GAUGE, 0x40, 2).hex(),
        "1234",
    ),
    "one byte written is a pointer": (lambda bus: _written(bus, "04").read(GAUGE, 1).hex(), "23"),
    "somebody is there": (lambda bus: bus.ping(GAUGE), None),
    "nobody is there": (lambda bus: bus.ping(NOBODY), f"nack {NOBODY}"),
    "a byte of nobody": (lambda bus: bus.read_byte(NOBODY, 0x02), f"nack {NOBODY}"),
    "a write to nobody": (lambda bus: bus.write(NOBODY, b"\x40\x12"), f"nack {NOBODY}"),
    "a plain read of nobody": (lambda bus: bus.read(NOBODY, 1), f"nack {NOBODY}"),
    "a word of nobody": (lambda bus: bus.read_word(NOBODY, 0x02), f"nack {NOBODY}"),
    "a block of nobody": (lambda bus: bus.read_block(NOBODY, 0x02, 4).hex(), f"nack {NOBODY}"),
    "the bus goes on after a failure": (lambda bus: bus.read_word(GAUGE, 0x04), 0x230F),
}


def observe(bus: I2cBus) -> dict[str, object]:
    """Return the outcome of every operation; a failure is its code and address."""
    return {name: _outcome(operation, bus) for name, (operation, _) in CONTRACT.items()}


def _outcome(operation: Operation, bus: I2cBus) -> object:
    try:
        return operation(bus)
    except BusError as error:
        return f"{error.code} {error.address}"
