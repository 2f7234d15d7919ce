"""``config/event_counters.yaml``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerter.core.rules import rate_rule
from services.alerter.settings import AlerterSettings, AlertsSettings, unknown_types
from services.alerter.settings.limits import rate_rules
from shared.event_counters import FILE, EventCountersSettings
from shared.messages import Severity
from shared.settings import ConfigError, parse_settings, read_settings

TESTS = Path(__file__).parents[2]
SEED = TESTS / "vectors" / "seed_event_counters.yaml"
SHIPPED = TESTS.parent / "config"
BROKEN = sorted((TESTS / "broken_configs" / "alerter").glob("*.yaml"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def parse(text: str, **environ: str) -> EventCountersSettings:
    return parse_settings(text, "event_counters.yaml", FILE, EventCountersSettings, environ)


def test_the_seeds_file_loads_as_it_was_written() -> None:
    """Each key of it arrives."""
    expected: dict[str, Any] = {
        "event_counters": {
            "storage_file": "data/event_counters.json",
            "auto_save_interval": 300,
            "history_retention_days": 365,
            "max_history_per_event": 10000,
        },
        "alert_thresholds": {
            "I2C_ERROR": {"daily": 10, "hourly": 5, "severity": "warning", "per": "site"},
            "BATTERY_CRITICAL": {"daily": 2, "hourly": 1, "severity": "critical", "per": "site"},
            "AC_POWER_LOSS": {"daily": 3, "hourly": 1, "severity": "warning", "per": "site"},
        },
        "reporting": {
            "auto_generate_daily_report": True,
            "auto_generate_weekly_report": True,
            "report_output_directory": "data/reports",
            "export_formats": ["json", "csv"],
        },
        "health_scoring": {
            "enabled": True,
            "formula": "standard",
            "calculation_interval": 3600,
            "min_events_for_trend": 5,
            "trend_analysis_days": 30,
        },
    }
    assert expected == parse(SEED.read_text()).model_dump(mode="json")


def test_the_shipped_file_has_the_limits_of_both_of_the_seeds_tables() -> None:
    """One source: five types, ten rules."""
    settings = read_settings(SHIPPED, FILE, EventCountersSettings, {})
    expected = {
        ("I2C_ERROR", 10, 5, Severity.WARNING),
        ("BATTERY_LOW", 5, 2, Severity.WARNING),
        ("BATTERY_CRITICAL", 2, 1, Severity.CRITICAL),
        ("AC_POWER_LOSS", 3, 1, Severity.WARNING),
        ("TEMPERATURE_HIGH", 2, 1, Severity.WARNING),
    }
    assert expected == {(key, t.daily, t.hourly, t.severity) for key, t in settings.alert_thresholds.items()}
    assert len(rate_rules(settings)) == 10


def test_a_limit_is_a_rule_of_its_own() -> None:
    """Hourly and daily, each where given; a warning unless said otherwise."""
    settings = parse("alert_thresholds: {A: {hourly: 1, daily: 2, severity: Error}, my.own: {daily: 0}}")
    expected = (
        rate_rule("hourly_rate", "A", HOUR, 1, Severity.ERROR),
        rate_rule("daily_rate", "A", DAY, 2, Severity.ERROR),
        rate_rule("daily_rate", "my.own", DAY, 0, Severity.WARNING),
    )
    assert expected == rate_rules(settings)


def test_an_empty_file_means_no_limits() -> None:
    """Everything has a default, and none of them alarms."""
    assert rate_rules(parse("")) == ()


def test_the_environment_overrides_a_limit() -> None:
    """As for every settings file."""
    settings = parse(SEED.read_text(), UPSKEEP_EVENT_COUNTERS__ALERT_THRESHOLDS__I2C_ERROR__HOURLY="7")
    assert settings.alert_thresholds["I2C_ERROR"].hourly == 7


def test_types_outside_the_catalogue_are_named() -> None:
    """They are allowed, a user may have types of his own; but a slip of the pen should show."""
    settings = parse("alert_thresholds: {I2C_EROR: {hourly: 1}, AC_POWER_LOSS: {hourly: 1}, mine: {daily: 1}}")
    both = AlerterSettings(AlertsSettings(), settings)
    place = "event_counters.yaml: alert_thresholds"
    assert [(place, "I2C_EROR"), (place, "mine")] == unknown_types(both, {"AC_POWER_LOSS": 1, "I2C_ERROR": 1})


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_mistake_is_explained_exactly(path: Path) -> None:
    """Where it stands, what was found and what would be right; the text beside the file."""
    with pytest.raises(ConfigError) as caught:
        parse(path.read_text())
    assert path.with_suffix(".txt").read_text().rstrip("\n") == str(caught.value)


def test_every_mistake_has_its_text_and_every_text_its_mistake() -> None:
    """No broken file goes unread."""
    texts = sorted((TESTS / "broken_configs" / "alerter").glob("*.txt"))
    assert [path.stem for path in BROKEN] == [path.stem for path in texts]
    assert len(BROKEN) >= 15
