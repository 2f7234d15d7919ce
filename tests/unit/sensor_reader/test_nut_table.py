"""The table of NUT's words says what the shipped rules do, and knows every word that NUT documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.nut.table import OTHER_WORDS, WORDS, Word

CONFIG = Path(__file__).parents[3] / "config"
RULES: dict[str, Any] = yaml.safe_load((CONFIG / "event_processor.yaml").read_text())["rules"]
EVENTS = yaml.safe_load((CONFIG / "events.yaml").read_text())["events"]
# NUT docs/new-drivers.txt, "Possible values for status_set", and what upsd and upsmon add
DOCUMENTED = {
    "OL", "OB", "LB", "HB", "RB", "CHRG", "DISCHRG", "BYPASS", "CAL", "OFF", "OVER", "TRIM", "BOOST", "FSD", "ALARM",
    "WAIT",
}  # fmt: skip
DWELLS = {"AC_POWER_LOSS": RULES["power"]["lost_after_s"], "AC_POWER_RESTORED": RULES["power"]["restored_after_s"]}
ELSEWHERE = {"CHARGING_STARTED", "BATTERY_LOW"}  # by rules with code of their own: kinds charging and battery_flag
TOLD = [word for word in WORDS if word.event]


def test_every_word_that_nut_documents_is_in_the_table() -> None:
    """With what it means here, or why nothing follows."""
    known = {word.word for word in WORDS} | {word for word, _ in OTHER_WORDS}
    assert DOCUMENTED <= known
    assert [] == [word.word for word in WORDS if not word.why]


@pytest.mark.parametrize("word", TOLD, ids=lambda word: word.word)
def test_a_words_event_is_in_the_catalogue_and_comes_by_a_shipped_rule(word: Word) -> None:
    """With the channel that the word sets, and after the seconds that the table names."""
    assert word.event in EVENTS
    if word.event in DWELLS:
        assert DWELLS[word.event] == word.dwell_s
    elif word.event not in ELSEWHERE:
        rules = [rule for rule in RULES["conditions"].values() if rule["event"] == word.event]
        signs = [sign for rule in rules for sign in rule.get("all", rule.get("any", []))]
        assert set(word.says.items()) <= {(sign["channel"], sign.get("equals")) for sign in signs}
        assert {word.dwell_s} == {rule.get("enter_for_s", 0) for rule in rules}
