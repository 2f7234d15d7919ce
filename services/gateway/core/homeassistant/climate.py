"""A zone's climate for Home Assistant, as a table: its mode to select, and its target as a number.

Both read the controller's own status, and publish the commands of ``upskeep climate``. What the controller refuses, a
target out of reach or a mode without its plan, does not show: the entity goes back to what is.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.gateway.core.homeassistant.known import CONTROLLER, MODE, TARGET
from shared.climate.zones import Mode

LEAST_KPA, MOST_KPA, STEP_KPA = 0.1, 3.0, 0.05
VALUE = "{{ value }}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing of a zone that a person sets: an entity, the figure that it shows, and the command that it publishes.

    ``number``: the command's data holds it without quotes.
    """

    key: str
    platform: str
    title: str
    figure: str
    command: str
    data: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    number: bool = False


SETTINGS = (
    Setting("mode", "select", "mode", MODE, "mode", "mode", {"options": [mode.value for mode in Mode]}),
    Setting(
        "target", "number", "target VPD", TARGET, "target", "vpd", number=True,
        fields={"min": LEAST_KPA, "max": MOST_KPA, "step": STEP_KPA, "mode": "box", "unit_of_measurement": "kPa",
                "device_class": "pressure"},
    ),
)  # fmt: skip


def value_of(setting: Setting, zone: str) -> str:
    """Return the template of a setting's present value."""
    return f"{{{{ (value_json | default({{}})).get('figures', {{}}).get('{zone}{setting.figure}') }}}}"


def command_of(setting: Setting, zone: str) -> str:
    """Return the template of a setting's command: its id is the moment, for one id is carried out once."""
    about = f"{zlib.crc32(f'{zone}/{setting.key}'.encode()):08x}"
    data = {"zone": zone, setting.data: VALUE, "reason": "set in Home Assistant"}
    command = {
        "id": f"home-assistant-{about}-{{{{ now().timestamp() }}}}",
        "target": CONTROLLER,
        "name": setting.command,
        "by": "Home Assistant",
        "data": data,
    }
    text = json.dumps(command)
    return text.replace(f'"{VALUE}"', VALUE) if setting.number else text
