"""The automations of ``docs/home-assistant.md`` as they stand there, and what they need of a house: a phone, a desk."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "home-assistant.md"
MARK = "# Home Assistant: automations.yaml\n"
# `notify.notify` reaches a receiver of this machine; `switch.desk` is a switch without anything behind it.
HOUSE = """\
notify: [{{name: notify, platform: rest, resource: "{phone}", method: POST_JSON, title_param_name: title}}]
input_boolean: {{desk: {{initial: true}}}}
switch:
  - platform: template
    switches:
      desk:
        value_template: "{{{{ is_state('input_boolean.desk', 'on') }}}}"
        turn_on: {{action: input_boolean.turn_on, target: {{entity_id: input_boolean.desk}}}}
        turn_off: {{action: input_boolean.turn_off, target: {{entity_id: input_boolean.desk}}}}
"""


def automations(wait: str) -> str:
    """Return the page's automations, with ``wait`` in place of the two minutes."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = "".join(block.removeprefix(MARK) for block in blocks if block.startswith(MARK))
    return found.replace('for: "00:02:00"', f'for: "{wait}"')
