"""Silence is judged by how often a device is read (issue 14.9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.alerter.core import alert_set
from services.alerter.core.alert_set import NEVER_US, AlertSet
from services.alerter.core.samples import Sample
from services.alerter.settings import AlerterSettings
from services.alerter.settings.intervals import hasty_absences, read_intervals
from shared.instants import time_to_us
from tests.support.alerter_harness import Play, playing, settings

ALERTS = (Path(__file__).parents[3] / "config" / "alerts.yaml").read_text(encoding="utf-8")
QUARTER = 900.0


def silent(play: Play, state: str = "firing") -> list[float]:
    return [at for rule, what, at in play.timeline() if (rule, what) == ("sensor_silent/probe", state)]


def test_a_sensor_read_every_quarter_of_an_hour_is_not_silent_between_two_readings() -> None:
    """Fired and resolved at each of 2,000 readings before; now once, while nobody knows how often it comes."""
    with playing(ALERTS) as play:
        for n in range(200):
            play.state(n * QUARTER, "probe", co2=500)
            play.until(n * QUARTER)
        assert [600.0] == silent(play)


def test_three_missed_readings_are_silence(tmp_path: Path) -> None:
    """Counted by its own interval, across a restart too."""
    with playing(ALERTS, path=tmp_path / "ledger") as play:
        for n in range(8):
            play.state(n * QUARTER, "probe", co2=500)
            play.until(n * QUARTER)
        play.restart()
        play.until(99 * QUARTER)
        assert [600.0, 7 * QUARTER + 3 * QUARTER] == silent(play)


def test_an_outage_does_not_pass_for_the_interval() -> None:
    """A device read every 10 s that was away for five hours is missed after ten minutes again."""
    with playing(ALERTS) as play:
        for at in (*range(0, 60, 10), *range(18_000, 18_060, 10)):
            play.state(float(at), "probe", co2=500)
            play.until(float(at))
        play.until(20_000)
        assert [650.0, 18_650.0] == silent(play)


def test_the_interval_in_the_readers_settings_holds_from_the_first_reading() -> None:
    """So nothing fires at all."""
    made = settings(ALERTS)
    known = AlerterSettings(made.alerts, made.counters, {"probe": timedelta(seconds=QUARTER)})
    with playing(ALERTS, rules=known.rules()) as play:
        for n in range(20):
            play.state(n * QUARTER, "probe", co2=500)
            play.until(n * QUARTER)
        assert [] == silent(play)


def test_the_intervals_come_from_the_readers_file(tmp_path: Path) -> None:
    """What else stands there does not matter; a fault in it is the reader's to tell."""
    file = tmp_path / "sensor_reader.yaml"
    assert {} == read_intervals(tmp_path, {})
    file.write_text("source: auto\ndevices:\n  - {name: rack, chip: tmp102, interval_s: 900}\n")
    assert {"rack": timedelta(minutes=15)} == read_intervals(tmp_path, {})
    file.write_text("devices: 7\n")
    assert {} == read_intervals(tmp_path, {})


@pytest.mark.parametrize(
    ("absence", "said"), [("after: 10m", 1), ("after: 20m", 0), ("after: 10m, missed_readings: 3", 0)]
)
def test_check_says_which_rule_fires_between_two_readings(absence: str, said: int) -> None:
    """With the device, its interval and what to do."""
    made = settings(f"rules: {{quiet: {{absence: {{state: '*', {absence}}}}}}}")
    doubts = list(hasty_absences(made.alerts.made_rules(), {"rack": timedelta(minutes=15)}))
    assert said == len(doubts)
    assert all("rack is read every 900 s" in doubt and "missed_readings: 3" in doubt for doubt in doubts)


def test_what_members_of_a_composite_report_costs_the_same_however_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each report once sorted all that waited: 2,000 rows took 8 s and 10,858 took 8 minutes.

    A report that is inserted by bisection compares its time with some ten of a thousand that wait, not with all.
    """
    members = "a: {compare: {type: x, above: 0}}, b: {compare: {type: x, above: 9}}"
    text = f"rules: {{{members}, both: {{composite: {{all: [a, b]}}}}}}"
    compared = 0

    class Time(int):
        """A time that counts how often it is compared with another."""

        def __lt__(self, other: int) -> bool:
            nonlocal compared
            compared += 1
            return int(self) < int(other)

        def __gt__(self, other: int) -> bool:
            nonlocal compared
            compared += 1
            return int(self) > int(other)

    def counting(time: datetime) -> int:
        return Time(time_to_us(time))

    monkeypatch.setattr(alert_set, "time_to_us", counting)

    def cost(reports: int) -> float:
        nonlocal compared
        alerts, compared = AlertSet(settings(text).rules()), 0
        for n in range(reports):
            fields = {"type": "x", "device": "d1", "value": n % 2}
            alerts.observe(Sample("event", "x", n * 1_000_000, fields))
        ahead = [len(record.evidence.ahead) for (rule, _), record in alerts.records.items() if rule == "both"]
        assert [reports - 1] == ahead
        return compared / reports

    assert cost(2000) < 2 * cost(500)  # comparisons a report: 9 and 7 by bisection, four times as many by sorting


def test_the_next_due_is_that_of_what_is_remembered_now() -> None:
    """A device that was heard again falls due later, and nobody wakes up for what it owed before."""
    alerts = AlertSet(settings("rules: {gone: {absence: {type: x, after: 60s, give_up: 1h}}}").rules())
    found = [alerts.next_due_us()]
    for at_s in (0, 50):
        alerts.observe(Sample("event", "x", at_s * 1_000_000, {"type": "x", "device": "d1"}))
        found.append(alerts.next_due_us())
    alerts.advance(110_000_001)
    found.append(alerts.next_due_us())

    assert [NEVER_US, 60_000_000, 110_000_000, 3_710_000_000] == found
