"""``docs/chips.md``: every chip's table as a page."""

from __future__ import annotations

from collections.abc import Iterator

from services.sensor_reader.core.chips import AIR, CHARGERS, CONTROLLERS, GAUGES, LIGHT_AND_SOIL, MONITORS
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.registers.fields import Block, Field

HEAD = """# Chips

Generated from the tables in `services/sensor_reader/core/chips` by `make docs`; do not edit. `kind` is what `chip` in
`config/boards.yaml` and `config/sensor_reader.yaml` may be. Where a kind is identified by a register, a chip that shows
something else is reported at the start. What is written to a chip is all that ever is. `where` is what is sent to the
chip, in hexadecimal, and the place in its answer.

"""

COLUMNS = "| field | where | one step | channel | source |\n|---|---|---|---|---|\n"

GROUPS = (
    ("Monitors of voltage and current", MONITORS),
    ("Fuel gauges", GAUGES),
    ("Chargers and power banks", CHARGERS),
    ("Controllers of UPS boards", CONTROLLERS),
    ("Air", AIR),
    ("Light, soil, analog inputs", LIGHT_AND_SOIL),
)


def documents() -> dict[str, str]:
    """Return the page by its path."""
    return {"docs/chips.md": render()}


def render() -> str:
    """Return all chips as Markdown: one table of them all, then each with its fields."""
    chips = [chip for _, group in GROUPS for chip in group]
    parts = [HEAD, "| kind | addresses | identified by | written to it |\n|---|---|---|---|\n"]
    parts += [_summary(chip) for chip in chips]
    for title, group in GROUPS:
        parts.append(f"\n## {title}\n")
        parts += [_section(chip) for chip in group]
    return "".join(parts)


def _summary(chip: Chip) -> str:
    at = _addresses(chip.addresses)
    told = f"`{chip.identity.register.name}` ({chip.identity.register.block.name}h)" if chip.identity else "nothing"
    return f"| [`{chip.kind}`](#{chip.kind}) | {at} | {told} | {'; '.join(_written(chip)) or 'nothing'} |\n"


def _addresses(addresses: tuple[int, ...]) -> str:
    if len(addresses) == 1:
        return f"{addresses[0]:#04x}"
    if addresses[-1] - addresses[0] >= len(addresses):
        return ", ".join(f"{address:#04x}" for address in addresses)
    return f"{addresses[0]:#04x} to {addresses[-1]:#04x}"


def _written(chip: Chip) -> Iterator[str]:
    for block in chip.blocks():
        for command in block.before:
            yield f"`{command.data.hex()}` in every poll: {command.source}"
        if block.how == "plain" and block.command:
            yield f"`{block.command.hex()}` in every poll: {'asks' if chip.periodic else 'starts one measurement'}"
    for setting in chip.settings:
        when = "in every poll" if setting.clears_itself else "when not so"
        yield f"{setting.source} ({when})"
    if chip.periodic:
        start = chip.periodic.start
        yield f"`{start.data.hex()}` when silent for {chip.periodic.silence_s:g} s: {start.source}"
    if chip.power_cut:
        yield f"{chip.power_cut.written} by `cut_power`: {chip.power_cut.source}"


def _section(chip: Chip) -> str:
    return f"\n### {chip.kind}\n\n{chip.title}.\n\n{COLUMNS}" + "".join(_row(field) for field in chip.fields)


def _row(field: Field) -> str:
    channel = f"`{field.channel}`" if field.channel else ""
    where = f"{_block(field.register.block)}, {_bits(field)}"
    return f"| `{field.name}` | {where} | {_step(field)} | {channel} | {field.source} |\n"


def _block(block: Block) -> str:
    return block.name + (f", {block.check.name}" if block.check else "") + (", read twice" if block.twice else "")


def _bits(field: Field) -> str:
    register = field.register
    single = field.high == field.low
    bits = f"bit {field.low}" if single else f"bits {field.high}:{field.low}"
    if register.size == register.block.length and register.offset == 0:
        place = ""
    else:
        place = f"byte {register.offset}" if register.size == 1 else f"bytes {register.offset} to {_last(field)}"
        place += ", "
    order = ", low byte first" if register.order == "little" and register.size > 1 else ""
    return f"{place}{bits}{order}" + ("" if field.form == "unsigned" else f", {field.form}")


def _last(field: Field) -> int:
    return field.register.offset + field.register.size - 1


def _step(field: Field) -> str:
    if field.means is not None:
        return ", ".join(f"{raw}: {str(meaning).lower()}" for raw, meaning in field.means.items())
    step = f"{float(field.step):.8g} {field.unit}".strip() if field.unit else "flag" if field.width == 1 else "number"
    return step + (f" from {float(field.zero):g}" if field.zero else "")
