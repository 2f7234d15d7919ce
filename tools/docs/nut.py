"""``docs/nut.md``: what sensor_reader makes of a NUT server's words and variables, from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from services.sensor_reader.core.nut.wire import REFUSALS
from shared.event_counters import FILE
from shared.nut.table import (
    OTHER_WORDS,
    PASSED_OVER,
    TEST_RESULTS,
    VARIABLES,
    WORDS,
    Variable,
    Word,
)
from shared.quantities import QUANTITIES

CONFIG = Path(__file__).parents[2] / "config"
SHOWN_IN_STATES = {("ac_present", False): ("power", "battery")}  # what event_processor makes of a channel

HEAD = """# A UPS of a NUT server

Generated from `shared/nut/table.py` and `services/sensor_reader/core/nut/` by `make docs`; do not edit.
How to configure it: `config/sensor_reader.yaml`.

NUT (Network UPS Tools) has a driver for most UPSs on USB, serial line or SNMP. sensor_reader asks its server, `upsd`,
for all variables of one UPS, one `LIST VAR` a poll. It sets nothing, sends no command, and without `login: true` is
no client that a primary would wait for.

- A UPS that was never heard from is unknown: without a status (or with WAIT, a driver that is starting) there is no
  `ac_present`.
- Where words contradict one another, a figure of the same poll decides: OL with OB by the input voltage, OFF by a
  voltage and a load at the output. Where there is no such figure, nothing is known.
- While the UPS calibrates (CAL) it runs on its battery by choice: OB then says nothing of the mains, nor LB of the
  battery.
- `charging` is false by DISCHRG, by OB, by `battery.charger.status`, or where this UPS has said CHRG before and does
  not now.
- `battery.current` is positive with CHRG, negative with OB or DISCHRG, and left out with neither: drivers differ in
  its sign.
- Figures that mean "not known" are left out, and are no fault: a runtime or charge of all ones, a runtime of 0 on
  mains or beside a charge above 10 %, one that stands still while charge or load move, a charge of 0 beside a runtime
  or on mains, a battery of 0 V.
- A figure that cannot be (a charge of 120 %, "XX.X", a battery of more than four times its nominal voltage) is left
  out, and is a fault of that channel alone: `DATA_IMPLAUSIBLE` once. The rest of the frame is good.
- Words and variables that are not below are passed over.

## Words of ups.status

"Event" is what event_processor emits by the rules as shipped, after how many seconds; "alert" the rules of
`config/alerts.yaml` and the limits of `config/event_counters.yaml` that the alerter judges it by; "policy" what
host_agent does.

| word | there | not there | event | after | alert | policy | why |
|---|---|---|---|---|---|---|---|
"""
OTHERS_HEAD = """
| said otherwise | what it means here |
|---|---|
"""
VARIABLES_HEAD = """
## Variables

Of several for one channel the first that is there counts. `#` is a phase; the figure of phases is made where no other
is there.

| variable | of phases | channel | unit |
|---|---|---|---|
"""
PASSED_HEAD = """
## Variables that nothing follows from

| variables | why |
|---|---|
"""
REFUSALS_HEAD = """
## What the server may answer instead

A poll that fails is one frame with one error and no values; nothing is carried over. `stale` makes the frame `stale`,
everything else `bad`. A server that cannot be reached is `nack`, one that does not answer in time `timeout`.

| answer | code | |
|---|---|---|
"""


def documents() -> dict[str, str]:
    """Return the page by its path."""
    judged = _alerts()
    words = "".join(_word(word, _alerts_of(word, *judged)) for word in WORDS)
    others = "".join(f"| {word} | {meaning} |\n" for word, meaning in OTHER_WORDS)
    variables = "".join(map(_variable, VARIABLES))
    variables += "| `battery.current` | | `battery_current` | A, signed by the status |\n"
    results = ", ".join(f"{result.part} → {result.says}" for result in TEST_RESULTS)
    variables += f"| `ups.test.result` | | `self_test` | {results}; passed only where it comes while we watch |\n"
    variables += "| `ups.alarm` | | `alarm_text` | text, with ALARM |\n"
    passed = "".join(f"| {begins} | {why} |\n" for begins, why in PASSED_OVER)
    refusals = "".join(f"| `{word}` | `{code}` | {meaning} |\n" for word, (code, meaning) in REFUSALS.items())
    page = [HEAD, words, OTHERS_HEAD, others, VARIABLES_HEAD, variables, PASSED_HEAD, passed, REFUSALS_HEAD, refusals]
    return {"docs/nut.md": "".join(page)}


def _alerts() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the rules of alerts and the limits of event types, as shipped."""
    rules, limits = (yaml.safe_load((CONFIG / f"{name}.yaml").read_text("utf-8")) for name in ("alerts", FILE))
    return rules["rules"], limits["alert_thresholds"]


def _alerts_of(word: Word, rules: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    shown = {SHOWN_IN_STATES.get(fact, fact) for fact in word.says.items()}
    by_rule = [
        f"`{name}`"
        for name, rule in rules.items()
        if (compare := rule.get("compare")) and (compare["field"], compare.get("equals")) in shown
    ]
    limit = limits.get(word.event or "", {})
    by_limit = [
        f"more than {limit[span]} {by}" for span, by in (("hourly", "an hour"), ("daily", "a day")) if span in limit
    ]
    return ", ".join(by_rule + by_limit)


def _word(word: Word, alerts: str) -> str:
    event = f"`{word.event}`" if word.event else ""
    after = "" if word.dwell_s is None else f"{word.dwell_s:g} s"
    cells = (word.word, _facts(word.says), _facts(word.otherwise), event, after, alerts, word.policy, word.why)
    return f"| {' | '.join(cells)} |\n"


def _variable(variable: Variable) -> str:
    names = ", ".join(f"`{name}`" for name in variable.names)
    phases = ", ".join(f"`{pattern}`" for pattern in variable.phases)
    phases += f": the {variable.of_phases}" if phases else ""
    return f"| {names} | {phases} | `{variable.channel}` | {QUANTITIES[variable.channel].unit} |\n"


def _facts(facts: Mapping[str, bool]) -> str:
    return ", ".join(f"`{channel}` {str(value).lower()}" for channel, value in facts.items())
