"""The seeds' mistakes in alerting, one test for each: A11 22 to 29 of the event system, B4 6 to 9 of the counters."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from services.alerter.settings import AlertsSettings
from shared.messages import Alert
from shared.settings import read_settings
from tests.support.alerter_harness import Play, playing, settings

CONFIG = Path(__file__).parents[3] / "config"
ALERTS = (CONFIG / "alerts.yaml").read_text()
LIMITS = (CONFIG / "event_counters.yaml").read_text()


def shipped(**more: object) -> object:
    return playing(ALERTS, limits=LIMITS, **more)


def rows(play: Play, rule: str) -> list[tuple[str, str, float]]:
    return [row for row in play.timeline() if row[0].split("/")[0] == rule]


def errors(play: Play, *times: float, device: str = "pump") -> None:
    for time in times:
        play.event(time, "device.error", device, zone="tent")


def test_a11_22_every_shipped_rule_can_fire() -> None:
    """Each hears what it is about."""
    with playing(ALERTS, limits=LIMITS, wall=True) as play:
        errors(play, 0, 1, 2, 3, 4, 5)
        play.event(6, "sensor.maintenance.calibration_due", "probe", days_overdue=31)
        play.event(7, "control.target.updated", None, zone="tent", parameter="vpd", new_target=1.0)
        for at in range(10, 1000, 60):
            play.event(at, "sensor.vpd", "probe", zone="tent", value=1.5)
        words = {"alarm": True, "bypass": True, "forced_shutdown": True}
        play.state(1000, "ups", power="battery", state_of_charge=50.0, runtime_left_s=599, **words)
        for kind in ("I2C_ERROR", "BATTERY_LOW", "BATTERY_CRITICAL", "AC_POWER_LOSS", "TEMPERATURE_HIGH"):
            for n in range(12):
                play.event(1000 + n, kind)
        play.service("sensor_reader", "offline")
        play.until(9999)
        play.tick(200)
        fired = {row[0].split("/")[0] for row in play.timeline() if row[1] == "firing"}
        made = {rule.name for rule in settings(ALERTS, LIMITS).rules()} | {"emergency_stop"}
        assert made == fired


def test_a11_23_a_rule_is_data_and_changing_it_changes_what_happens() -> None:
    """The limit stands in one place."""
    content = yaml.safe_load(ALERTS)
    content["rules"]["device_failure_burst"]["burst"]["more_than"] = 1
    with playing(yaml.safe_dump(content)) as play:
        errors(play, 0, 1)
        assert [("device_failure_burst/pump", "firing", 1)] == rows(play, "device_failure_burst")


def test_a11_24_a_burst_counts_each_device_for_itself_and_the_event_itself() -> None:
    """Six of one, not three of each; the sixth is the one."""
    with shipped() as play:  # type: ignore[attr-defined]
        errors(play, 0, 1, 2)
        errors(play, 3, 4, 5, device="fan")
        assert [] == rows(play, "device_failure_burst")
        errors(play, 6, 7, 8)
        assert [("device_failure_burst/pump", "firing", 8)] == rows(play, "device_failure_burst")


def test_a11_25_a_further_error_stops_nothing_again() -> None:
    """One alert, one stop, one command; resolved when it is quiet."""
    with shipped() as play:  # type: ignore[attr-defined]
        errors(play, *range(50))
        play.until(9999)
        assert [("device_failure_burst/pump", "firing", 5), ("device_failure_burst/pump", "resolved", 649)] == rows(
            play, "device_failure_burst"
        )
        assert 1 == len(play.commands())


def test_a11_26_a_deviation_lasts_by_the_timer_and_a_dead_sensor_alerts() -> None:
    """Fifteen minutes out of range fire without a further sample; silence has a rule of its own."""
    with shipped() as play:  # type: ignore[attr-defined]
        for at in (0, 300, 600, 890):
            play.event(at, "sensor.vpd", zone="tent", value=1.3, target=1.0)
        play.until(901)
        assert ("vpd_out_of_range/tent", "firing", 900) == play.timeline()[-1]
        play.state(900, "probe", relative_humidity=50.0)
        play.until(1501)
        assert ("sensor_silent/probe", "firing", 1500) in play.timeline()


def test_what_the_machine_says_of_its_start_is_no_sensor_that_went_silent() -> None:
    """It is told once a boot, and never again."""
    with shipped() as play:  # type: ignore[attr-defined]
        play.state(0, "system", lifecycle="started")
        play.until(9999)
        assert [] == rows(play, "sensor_silent")


def test_what_was_not_as_it_should_be_says_so_when_it_is_again() -> None:
    """No limit is spoken of where there is none."""
    with shipped() as play:  # type: ignore[attr-defined]
        play.state(0, "ups", power="battery")
        play.state(90, "ups", power="battery")
        play.state(120, "ups", power="mains")
        found = play.retained("on_battery", "ups")
        assert found is not None
        assert "ups: power is mains, as it should be" == found.message


@pytest.mark.parametrize(("value", "target", "waits"), [(0.6, 0.5, 0), (0.61, 0.5, 1), (1.2, 1.0, 0), (1.21, 1.0, 1)])
def test_a11_27_a_deviation_is_of_the_target_and_has_a_floor(value: float, target: float, waits: int) -> None:
    """max(20 %, 0.10 kPa)."""
    with shipped() as play:  # type: ignore[attr-defined]
        play.event(0, "sensor.vpd", zone="tent", value=value, target=target)
        assert waits == len(rows(play, "vpd_out_of_range"))


def test_a11_28_an_emergency_stop_has_a_scope_is_latched_and_is_lifted_by_a_person() -> None:
    """Of the zone of the device that fails."""
    with shipped() as play:  # type: ignore[attr-defined]
        errors(play, *range(6))
        play.until(9999)
        stop = play.retained("emergency_stop", "tent")
        assert stop is not None
        assert "firing" == stop.state.value
        play.do("reset_stop", zone="tent", why="replaced")
        stop = play.retained("emergency_stop", "tent")
        assert stop is not None
        assert "resolved" == stop.state.value


def test_a11_29_an_alert_is_kept_before_anything_is_done_and_is_plain_data_in_utc(tmp_path: Path) -> None:
    """Record, notice and command stand or fall together."""
    with shipped(path=tmp_path / "ledger") as play:  # type: ignore[attr-defined]
        play.ledger.db.execute("BEGIN")
        errors(play, *range(6))
        play.ledger.db.execute("ROLLBACK")
        play.restart()
        assert ([], []) == (play.timeline(), play.notices())
        errors(play, *range(6))
        (text,) = play.ledger.db.execute("SELECT alert FROM transition").fetchone()
        assert json.loads(text)["time"].endswith("Z")
        assert timedelta(0) == Alert.model_validate_json(text).time.utcoffset()


@pytest.mark.parametrize(("number", "fired"), [(3, []), (4, ["daily_rate/AC_POWER_LOSS"])])
def test_b4_6_the_daily_limit_is_of_the_count_of_a_day(number: int, fired: list[str]) -> None:
    """Three outages in a day are all right, the fourth is not; no 73 are needed."""
    with shipped() as play:  # type: ignore[attr-defined]
        for n in range(number):
            play.event(n * 5 * 3600.0, "AC_POWER_LOSS")
        assert fired == [row[0] for row in play.timeline()]


@pytest.mark.parametrize(("number", "fired"), [(5, []), (6, ["hourly_rate/I2C_ERROR"])])
def test_b4_7_a_limit_is_exceeded_by_one_more(number: int, fired: list[str]) -> None:
    """Hourly 5: five are quiet, the sixth fires."""
    with shipped() as play:  # type: ignore[attr-defined]
        for n in range(number):
            play.event(n * 60.0, "I2C_ERROR")
        assert fired == [row[0] for row in play.timeline()]


def test_b4_8_an_alert_fires_once_resolves_and_has_the_severity_of_the_file() -> None:
    """Not one for every event, and no severity by the length of the window."""
    with shipped() as play:  # type: ignore[attr-defined]
        for n in range(9):
            play.event(n * 60.0, "BATTERY_CRITICAL")
        play.until(200_000)
        assert ["firing", "resolved"] == [state for _, state, _ in rows(play, "hourly_rate")]
        severities = {alert.severity.value for alert in play.alerter.snapshot()}
        assert {"critical"} == severities


def test_b4_9_there_is_one_table_with_the_limits_of_both() -> None:
    """Five types, ten rules."""
    limits = [rule for rule in settings(ALERTS, LIMITS).rules() if rule.name in ("hourly_rate", "daily_rate")]
    assert (10, 5) == (len(limits), len({rule.only for rule in limits}))


def test_the_shipped_file_is_read_as_it_stands() -> None:
    """And every section of it is in use."""
    made = read_settings(CONFIG, "alerts", AlertsSettings, {})
    assert set(yaml.safe_load(ALERTS)) == made.model_fields_set
