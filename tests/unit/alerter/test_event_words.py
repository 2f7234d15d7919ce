"""Alerts and notices carry the last event in words: the sentence of its type, made of its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.alerter.app import SERVICE
from services.alerter.core.notify.alertmanager import webhook_json
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.event_text.load import load_event_texts
from shared.messages import Alert
from shared.settings import ConfigError
from shared.suite import SuiteSettings
from tests.support.alerter_harness import Play, playing

CONFIG = Path(__file__).parents[3] / "config"
TEXTS = load_event_texts(CONFIG, {})
LIMITS = "alert_thresholds: {AC_POWER_LOSS: {hourly: 0}, MINE: {hourly: 0}}"
LOSS = {"battery_voltage": 3.46, "state_of_charge": 38}
WORDS = "Mains lost: on battery, 3.46 V, 38 %"


def lost(play: Play, at_s: float = 0.0) -> Alert:
    """Report a loss of the mains; return its alert."""
    play.event(at_s, "AC_POWER_LOSS", "ups", **LOSS)
    found = play.retained("hourly_rate", "AC_POWER_LOSS")
    assert found is not None
    return found


def test_an_alert_carries_the_last_event_in_words() -> None:
    """The next event of the rule replaces it."""
    with playing("", limits=LIMITS, texts=TEXTS) as play:
        assert WORDS == lost(play).event_text
        play.event(60, "AC_POWER_LOSS", "ups", battery_voltage=3.4)
        found = play.retained("hourly_rate", "AC_POWER_LOSS")

        assert found is not None
        assert "Mains lost: on battery, 3.40 V" == found.event_text


def test_a_restart_keeps_the_words(tmp_path: Path) -> None:
    """They are in the ledger with the alert."""
    with playing("", limits=LIMITS, texts=TEXTS, path=tmp_path / "ledger.sqlite") as play:
        before = lost(play)
        play.restart()

        assert before == play.retained("hourly_rate", "AC_POWER_LOSS")


def test_a_notice_says_what_happened() -> None:
    """In its text as shipped, and as an annotation of Alertmanager's JSON."""
    with playing("", limits=LIMITS, texts=TEXTS, wall=True) as play:
        lost(play)
        play.tick(60)
        (notice,) = play.notices()
        (alert,) = webhook_json(notice)["alerts"]

        expected = "AC_POWER_LOSS: 1 in 1 hour, more than the limit of 0\nLast event: " + WORDS
        assert expected == "\n".join(notice.text.splitlines()[:2])
        assert WORDS == alert["annotations"]["event"]


def test_a_type_without_words_adds_nothing() -> None:
    """Neither a line nor an annotation."""
    with playing("", limits=LIMITS, texts=TEXTS, wall=True) as play:
        play.event(0, "MINE", "ups")
        play.tick(60)
        (notice,) = play.notices()
        (alert,) = webhook_json(notice)["alerts"]

        assert "Last event" not in notice.text
        assert "event" not in alert["annotations"]


def test_a_bad_sentence_is_refused_with_its_place(tmp_path: Path) -> None:
    """The alerter reads the sentences, so it names the one it cannot use."""
    (tmp_path / "events.yaml").write_text("events: {MINE: {description: Mine, sentence: 'a {'}}\n")
    with pytest.raises(ConfigError, match=r"events\.MINE: sentence has a"):
        SERVICE.settings(Context(tmp_path, {}, SuiteSettings(), SYSTEM_CLOCK))
