"""Asking a chip over a bus: its blocks fetched and checked, and what has to be written for that.

Rules:
1. Whoever asks never sleeps: a wait is yielded, in seconds, and others are asked meanwhile (``core/together.py``).
2. What cannot be trusted is no answer: a wrong check byte, a word that changed while it was read, a chip still busy.
3. What was seen of a chip in earlier polls is a ``ChipMemory``, handed in and given back.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

from services.sensor_reader.core.chips.model import Chip, Periodic, Setting
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.ports import BusError, I2cBus, ReadBus
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Block, Done

T = TypeVar("T")
Waits = Generator[float, None, T]

MOST_READS = 4  # of a block that may change while it is read
DONE_ASKS = 4  # whether a measurement is done


@dataclass(frozen=True, slots=True)
class ChipMemory:
    """``since``: uptime in seconds of the last new value, start or first look; ``begun``: it has measured before."""

    since: float | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class ChipAddress:
    """A chip's address on a bus."""

    bus: I2cBus
    address: int


def read_chip(
    chip: Chip, at: ChipAddress, mount: Mount, memory: ChipMemory, now: float
) -> Waits[tuple[Reading, ChipMemory]]:
    """Read the chip once and return what it means, and what to remember; raises BusError. ``now``: uptime seconds."""
    lost: list[Reading] = []
    for setting in chip.settings:
        if not setting.clears_itself:
            found = yield from _keep(setting, at, memory)
            lost += [found] if found is not None else []
    if lost:
        return lost[0], replace(memory, begun=True)
    if chip.periodic is not None:
        ready = yield from _is_ready(chip.periodic, at)
        if not ready:
            return _silence(chip.periodic, at, memory, now)
    reading = yield from _measured(chip, at, mount)
    for setting in chip.settings:
        if setting.clears_itself:
            reading = (yield from _keep(setting, at, memory)) or reading
    return reading, ChipMemory(now, begun=True)


def _measured(chip: Chip, at: ChipAddress, mount: Mount) -> Waits[Reading]:
    payloads: dict[Block, bytes] = {}
    for block in chip.blocks():
        payloads[block] = yield from fetch_block(at, block)
    for each in chip.ready:
        if each.register.block in payloads and not each.holds(payloads[each.register.block]):
            raise BusError("busy", at.address, f"{each.register.name}: the measurement is not done yet")
    return chip.interpret(payloads, mount)


def fetch_block(at: ChipAddress, block: Block) -> Waits[bytes]:
    """Return the block's payload; raises BusError, with the codes ``crc`` and ``torn`` beside those of the bus."""
    for command in block.before:
        at.bus.write(at.address, command.data)
        if command.wait_s:
            yield command.wait_s
    if block.done is not None:
        yield from _until_done(at, block, block.done)
    seen = yield from _once(at, block)
    for _ in range(MOST_READS - 1 if block.twice else 0):
        before, seen = seen, (yield from _once(at, block))
        if seen == before:
            return seen
    if block.twice:
        raise BusError("torn", at.address, f"block {block.name} read otherwise each of {MOST_READS} times")
    return seen


def _until_done(at: ChipAddress, block: Block, done: Done) -> Waits[None]:
    for _ in range(DONE_ASKS):
        payload = yield from fetch_block(at, done.register.block)
        if done.holds(payload):
            return
        yield block.wait_s
    raise BusError("busy", at.address, f"block {block.name}: not done after {DONE_ASKS} looks at {done.register.name}")


def read_pointed(bus: ReadBus, address: int, block: Block) -> bytes:
    """Return the bytes of a block that needs no more than a pointer, as they come; raises BusError."""
    pointer, length = block.command[0], block.wire_length
    if block.how == "bytes":
        return bytes(bus.read_byte(address, pointer + index) for index in range(length))
    if length == 1:
        return bytes([bus.read_byte(address, pointer)])
    if length == 2:
        return bus.read_word(address, pointer).to_bytes(2, "big")
    return bus.read_block(address, pointer, length)


def _once(at: ChipAddress, block: Block) -> Waits[bytes]:
    if block.how == "plain":
        wire = yield from _plain(at, block)
    else:
        wire = read_pointed(at.bus, at.address, block)
    payload = block.opened(at.address, wire)
    if payload is None:
        name = block.check.name if block.check else ""
        raise BusError("crc", at.address, f"block {block.name} came as {wire.hex(' ')}: {name} is wrong")
    return payload


def _plain(at: ChipAddress, block: Block) -> Waits[bytes]:
    if block.command:
        at.bus.write(at.address, block.command)
    if block.wait_s:
        yield block.wait_s
    for _ in range(block.again):
        try:
            return at.bus.read(at.address, block.wire_length)
        except BusError as error:
            if error.code != "nack":
                raise
        yield block.wait_s
    return at.bus.read(at.address, block.wire_length)


def _keep(setting: Setting, at: ChipAddress, memory: ChipMemory) -> Waits[Reading | None]:
    """Set what is not set. Return None where the poll can go on, and otherwise what there is instead of it."""
    register = setting.register
    payload = yield from fetch_block(at, register.block)
    word = register.word(payload)
    mended = setting.mended(word)
    if mended is None:
        return None
    at.bus.write(at.address, setting.written(mended))
    if not memory.begun:
        return Reading(waits=True)
    if setting.clears_itself:
        return None
    detail = f"{register.name} reads {word:#x} and was {mended:#x}: the chip has lost power or was reset; set again"
    return Reading(doubts=(Doubt("reset", detail),), waits=True)


def _is_ready(periodic: Periodic, at: ChipAddress) -> Waits[bool]:
    payload = yield from fetch_block(at, periodic.ready.register.block)
    return periodic.ready.holds(payload)


def _silence(periodic: Periodic, at: ChipAddress, memory: ChipMemory, now: float) -> tuple[Reading, ChipMemory]:
    since = now if memory.since is None else memory.since
    if now - since < periodic.silence_s:
        return Reading(waits=True), replace(memory, since=since)
    at.bus.write(at.address, periodic.start.data)
    if not memory.begun:
        return Reading(waits=True), ChipMemory(now, begun=True)
    doubt = Doubt("silent", f"no new value for {now - since:.0f} s; ordered to measure again")
    return Reading(doubts=(doubt,), waits=True), ChipMemory(now, begun=True)
