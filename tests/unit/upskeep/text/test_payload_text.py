"""What ``upskeep tail`` prints of a message."""

from __future__ import annotations

import pytest

from shared.event_text.sentence import parse_sentence
from shared.event_text.texts import TypeText
from upskeep.text.message_text import LineStyle
from upskeep.text.payload_text import payload_line

STYLE = LineStyle({"AC_POWER_LOSS": TypeText("AC lost", parse_sentence("Mains lost[, {battery_voltage}]"))})
EVENT = (
    '{"id": "1", "type": "AC_POWER_LOSS", "category": "power", "severity": "warning", "site": "home", '
    '"time": "2026-01-31T12:00:00Z", "device": "ups", "data": {"battery_voltage": 3.46}}'
)
FRAME = '{"producer": "r", "epoch": "e", "seq": 3, "time": "2026-01-31T12:00:00Z", "device": "ups", "values": {"a": 1}}'


@pytest.mark.parametrize(
    ("topic", "payload", "text"),
    [
        ("event/power/AC_POWER_LOSS", EVENT, "12:00:00Z  warning   ups       Mains lost, 3.46  AC_POWER_LOSS"),
        ("raw/ups", FRAME, "raw/ups  time=2026-01-31 12:00:00Z  device=ups  a=1"),
        ("state/ups", '{"on": true, "since": "never"}', "state/ups  on=yes  since=never"),
        ("event/power/X", "no JSON", "event/power/X  no JSON"),
        ("alert/a/b", "[1]", "alert/a/b  [1]"),
        ("state/ups", "", "state/ups  (empty: what was retained is gone)"),
    ],
)
def test_a_message_is_a_readable_line(topic: str, payload: str, text: str) -> None:
    assert text == payload_line(topic, payload, STYLE).plain
