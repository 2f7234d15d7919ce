"""How two configurations differ: as values, not as text."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from shared.settings import ConfigError
from upskeep.playback.settings_diff import ABSENT, READ, Change, Configuration, settings_diff

CONFIG = Path(__file__).parents[4] / "config"
SHIPPED = Configuration(CONFIG, {})
# What a backtest does not go by: counter_store keeps in memory, no host is shut down, and nothing is switched.
UNREAD = {"actuators", "climate", "counter_store", "fleet", "uplink", "gateway", "host_agent"}


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A copy of config/ to change."""
    return shutil.copytree(CONFIG, tmp_path / "other")


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_file_of_the_configuration_is_compared_or_does_not_matter() -> None:
    """A file that comes to config/ has to be put into one of the two lists."""
    assert {path.stem for path in CONFIG.glob("*.yaml")} == {name for name, _, _ in READ} | UNREAD


def test_a_value_is_named_with_its_path(other: Path) -> None:
    """And what has not changed is not."""
    edit(other, "event_processor.yaml", "low:      {enter_v: 3.60", "low:      {enter_v: 3.50")

    found = settings_diff(SHIPPED, Configuration(other, {}))

    assert [Change("event_processor.yaml", "chemistries.li_ion.low.enter_v", 3.6, 3.5)] == found


def test_spelling_comments_and_defaults_do_not_matter(other: Path) -> None:
    """3.60 or 3.6, a note, WARNING or warning, and a key that says what is the case without it."""
    edit(other, "event_processor.yaml", "enter_v: 3.60, enter_for_s: 10", "enter_for_s: 10.0, enter_v: 3.6")
    edit(other, "event_processor.yaml", "chemistries:", "# a note\nchemistries:")
    edit(other, "event_counters.yaml", 'severity: "WARNING"', "severity: warning")
    edit(other, "patterns.yaml", "incidents_kept: 10000", "")

    assert [] == settings_diff(SHIPPED, Configuration(other, {}))


def test_a_new_rule_is_one_difference_and_shows_what_was_said(other: Path) -> None:
    """Not the defaults it takes."""
    edit(other, "event_processor.yaml", "  limits:  ", "  limits:\n    attic: {channel: co2, above: 900, clear: 800}  ")

    (found,) = settings_diff(SHIPPED, Configuration(other, {}))

    assert ("rules.limits.attic", ABSENT) == (found.path, found.before)
    assert {"channel": "co2", "above": 900.0, "clear": 800.0}.items() <= found.after.items()
    assert None not in found.after.values()


def test_a_file_that_is_not_there_is_one_difference(other: Path) -> None:
    """Its rows are not listed one by one."""
    (other / "patterns.yaml").unlink()

    assert [("patterns.yaml", "")] == [(one.file, one.path) for one in settings_diff(SHIPPED, Configuration(other, {}))]


def test_what_is_laid_over_a_folder_counts() -> None:
    """The environment, and what --with says, on top of it."""
    environ = {"UPSKEEP_EVENT_COUNTERS__ALERT_THRESHOLDS__I2C_ERROR__DAILY": "7"}
    laid = Configuration(CONFIG, environ, ("event_counters.alert_thresholds.I2C_ERROR.hourly=6",))

    assert [
        Change("event_counters.yaml", "alert_thresholds.I2C_ERROR.daily", 10, 7),
        Change("event_counters.yaml", "alert_thresholds.I2C_ERROR.hourly", 5, 6),
    ] == settings_diff(SHIPPED, laid)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enter_v", "must look like event_counters.alert_thresholds.I2C_ERROR.daily=5 (got 'enter_v')"),
        ("event_counters=5", "must look like event_counters.alert_thresholds.I2C_ERROR.daily=5"),
        ("event_counter.x=5", "a backtest goes by no file 'event_counter'; did you mean 'event_counters'?"),
        ("host_agent.enabled=true", "a backtest goes by no file 'host_agent'; known: suite, boards, sensor_reader"),
    ],
)
def test_an_assignment_that_is_none_is_refused(text: str, said: str) -> None:
    """With how it should look."""
    with pytest.raises(ConfigError, match="--with") as caught:
        _ = Configuration(CONFIG, {}, (text,)).environ

    assert said in str(caught.value)
