"""``docs/nut.md``: what sensor_reader makes of a NUT server's words and variables, from its tables."""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.core.nut.table import VARIABLES, WORDS, Word
from services.sensor_reader.core.nut.wire import REFUSALS
from shared.quantities import QUANTITIES

HEAD = """# A UPS of a NUT server

Generated from `services/sensor_reader/core/nut/` by `make docs`; do not edit. How to configure it:
`config/sensor_reader.yaml`.

NUT (Network UPS Tools) has a driver for most UPSs on USB, serial line or SNMP. sensor_reader asks its server, `upsd`,
for all variables of one UPS, one `LIST VAR` a poll. It sets nothing, sends no command, and without `login: true` is
no client that a primary would wait for.

- A UPS that was never heard from is unknown: without a status (or with WAIT, a driver that is starting) there is no
  `ac_present`.
- While the UPS calibrates (CAL) it runs on its battery by choice: OB then says nothing of the mains, nor LB of the
  battery.
- `charging` is false by DISCHRG, by OB, by `battery.charger.status`, or where this UPS has said CHRG before and does
  not now.
- `battery.current` is positive with CHRG, negative with OB or DISCHRG, and left out with neither: drivers differ in
  its sign.
- Words and variables that are not below are passed over.

## Words of ups.status

| word | there | not there |
|---|---|---|
"""
VARIABLES_HEAD = """
## Variables

Of two for one channel the first that is there counts.

| variable | channel | unit |
|---|---|---|
"""
REFUSALS_HEAD = """
## What the server may answer instead

A poll that fails is one frame with one error and no values; nothing is carried over. `stale` makes the frame `stale`,
everything else
`bad`. A server that cannot be reached is `nack`, one that does not answer in time `timeout`.

| answer | code | |
|---|---|---|
"""


def documents() -> dict[str, str]:
    """Return the page by its path."""
    words = "".join(map(_word, WORDS))
    variables = "".join(f"| `{v.name}` | `{v.channel}` | {QUANTITIES[v.channel].unit} |\n" for v in VARIABLES)
    variables += "| `battery.current` | `battery_current` | A, signed by the status |\n"
    refusals = "".join(f"| `{word}` | `{code}` | {meaning} |\n" for word, (code, meaning) in REFUSALS.items())
    return {"docs/nut.md": HEAD + words + VARIABLES_HEAD + variables + REFUSALS_HEAD + refusals}


def _word(word: Word) -> str:
    return f"| {word.word} | {_facts(word.says)} | {_facts(word.otherwise)} |\n"


def _facts(facts: Mapping[str, bool]) -> str:
    return ", ".join(f"`{channel}` {str(value).lower()}" for channel, value in facts.items())
