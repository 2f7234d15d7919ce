"""``config/alerts.yaml``: what is wrong with it is told exactly, and durations and intervals mean what they say."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.alerter.settings import AlertsSettings
from services.alerter.settings.durations import read_duration
from services.alerter.settings.notify import IntervalSettings
from shared.settings import ConfigError, parse_settings

BROKEN = sorted((Path(__file__).parents[2] / "broken_configs" / "alerts").glob("*.yaml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_mistake_is_explained_exactly(path: Path) -> None:
    """Where it stands, what was found and what would be right; the text beside the file."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(path.read_text(), "alerts.yaml", "alerts", AlertsSettings, {})
    told = path.with_suffix(".txt")
    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        told.write_text(f"{caught.value}\n")
    assert told.read_text().rstrip("\n") == str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1h30m", 5400), ("2d", 172_800), ("1w", 604_800), ("5ms", 0.005), (7, 7)],
)
def test_spans_are_read_as_people_write_them(text: object, seconds: float) -> None:
    """Bare numbers are seconds."""
    assert timedelta(seconds=seconds) == read_duration(text)


@pytest.mark.parametrize("text", ["", "1", "m", "-5m", "5m3h", "99999w", True, None, [], -1, 1e12])
def test_what_is_no_span_is_refused(text: object) -> None:
    """Not guessed at."""
    with pytest.raises(ValueError, match=r"span|longer"):
        read_duration(text)


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)  # a Saturday, the last of the month


@pytest.mark.parametrize(
    ("interval", "holds"),
    [
        ({}, True),
        ({"times": [{"start_time": "12:00", "end_time": "12:01"}]}, True),
        ({"times": [{"start_time": "11:00", "end_time": "12:00"}]}, False),
        ({"times": [{"start_time": "13:00", "end_time": "13:01"}], "location": "Europe/Vienna"}, True),
        ({"weekdays": ["monday:friday"]}, False),
        ({"weekdays": ["saturday", "sunday"]}, True),
        ({"days_of_month": ["-1"]}, True),
        ({"days_of_month": ["1:-2"]}, False),
        ({"months": ["january:march"]}, True),
        ({"months": ["2:12"]}, False),
        ({"years": ["2020:2026"], "weekdays": ["sunday"]}, False),
    ],
)
def test_an_interval_holds_if_every_part_of_it_does(interval: dict[str, object], holds: bool) -> None:
    """Saturday noon, the last of January 2026."""
    assert holds is IntervalSettings.model_validate(interval).interval().holds(NOON)
