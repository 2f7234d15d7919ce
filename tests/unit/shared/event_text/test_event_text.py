"""Events in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.event_text.load import load_event_texts
from shared.event_text.sentence import MOST, parse_sentence, render
from shared.event_text.texts import TypeText, event_text
from shared.event_text.values import LONGEST, duration, written
from shared.messages import Event, Severity
from shared.settings import ConfigError

CONFIG = Path(__file__).parents[4] / "config"
TEXTS = load_event_texts(CONFIG, {})
NOON = datetime(2026, 1, 1, 12, 1, 26, tzinfo=UTC)


def event(kind: str, data: dict[str, Any], **more: Any) -> Event:
    """Make an event of noon."""
    made = {"id": "1", "type": kind, "category": "power", "severity": Severity.INFO, "time": NOON, "site": "home"}
    return Event.model_validate({**made, "data": data, **more})


def test_every_type_of_the_catalogue_has_a_sentence() -> None:
    assert len(TEXTS) > 80
    assert [] == [name for name, words in TEXTS.items() if words.sentence is None]


GOLDEN: list[tuple[str, dict[str, Any], str]] = [
    ("AC_POWER_LOSS", {"battery_voltage": 3.462, "state_of_charge": 38.0}, "Mains lost: on battery, 3.46 V, 38 %"),
    ("AC_POWER_LOSS", {"source": "ac_present", "state_of_charge": 4.4}, "Mains lost: on battery, 4.4 %"),
    ("AC_POWER_LOSS", {}, "Mains lost: on battery"),
    ("AC_POWER_RESTORED", {"outage_s": 75.0, "battery_voltage": 3.78}, "Mains back after 1 min 15 s, 3.78 V"),
    ("POWER_BLIP", {"lasted_s": 1.4}, "Mains lost for 1.4 s"),
    (
        "BATTERY_LOW",
        {"cell_voltage": 3.465, "state_of_charge": 37.8, "runtime_left_s": 4080.0},
        "Battery low: 3.46 V per cell, 38 %, 1 h 8 min left",
    ),
    ("BATTERY_LOW", {"source": "battery_low"}, "Battery low"),
    ("I2C_ERROR", {"errors": ["crc"], "count": 1}, "I2C read failed: crc"),
    (
        "I2C_ERROR",
        {"errors": [{"code": "nack", "chip": "ina219", "detail": ""}, {"code": "crc", "chip": "sht31", "detail": ""}]},
        "I2C read failed: nack ina219, crc sht31",
    ),
    (
        "TEMPERATURE_HIGH",
        {"channel": "cpu_temperature", "value": 69.3, "threshold": 60.0},
        "Too warm: cpu temperature 69.3 °C, limit 60.0 °C",
    ),
    (
        "sensor.threshold.exceeded",
        {"sensor_id": "rack.relative_humidity", "value": 80.37, "unit": "%", "threshold": 80.0, "direction": "above"},
        "rack relative humidity: 80.37 % is above the limit of 80 %",
    ),
    ("SHUTDOWN_REQUESTED", {"host": "nas", "in_s": 30, "dry_run": True}, "Shutdown of nas in 30 s (dry run)"),
    ("SHUTDOWN_REQUESTED", {"host": "nas", "in_s": 30, "dry_run": False}, "Shutdown of nas in 30 s"),
    ("system.stream.gap", {"count": 1200, "producer": "reader"}, "1,200 messages of reader lost for good"),
    ("DATA_FROZEN", {"since": "2026-01-01T12:00:06.000000Z"}, "The same reading over and over since 12:00:06"),
    (
        "DATA_FROZEN",
        {"since": "2025-12-31T23:59:59.000000Z"},
        "The same reading over and over since 2025-12-31 23:59:59",
    ),
    ("device.state.changed", {"old_state": "off", "new_state": "on"}, "fan: off → on"),
    # a field that the sentence cannot do without is missing: the description
    ("sensor.temperature", {"sensor_id": "room"}, "Air temperature reading"),
]


@pytest.mark.parametrize(("kind", "data", "text"), GOLDEN)
def test_an_event_is_shown_in_words(kind: str, data: dict[str, Any], text: str) -> None:
    assert text == event_text(event(kind, data, device="fan"), TEXTS)


def test_times_are_of_the_zone_that_is_asked_for() -> None:
    at = event("DATA_FROZEN", {"since": "2026-01-01T12:00:06.000000Z"})
    assert "The same reading over and over since 14:00:06" == event_text(at, TEXTS, timezone(timedelta(hours=2)))


def test_a_type_without_a_sentence_says_its_description_and_an_unknown_one_nothing() -> None:
    assert "Mine" == event_text(event("MINE", {"a": 1}), {"MINE": TypeText("Mine")})
    assert event_text(event("MINE", {"a": 1}), {}) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "without its pair"),
        ("a } b", "without its pair"),
        ("[a [b] c]", "without its pair, or one inside another"),
        ("{a.b}", "{a.b}, which is no field"),
        ("{a[0]}", "without its pair"),
        ("{a!r}", "{a!r}, which is no field"),
        ("{a:>9999999}", "{a:>9999999}, which is no field"),
        ("{__class__}", "{__class__}, which is no field"),
        ("{}", "{}, which is no field"),
        ("a\nb", "line break or a control character"),
        ("\x1b[31m", "line break or a control character"),
        ("a" * (MOST + 1), f"a sentence has at most {MOST}"),
    ],
)
def test_what_is_no_sentence_is_refused_with_its_reason(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_sentence(text)
    assert fault in str(caught.value)


@given(st.text(alphabet="{}[]|:. ab_\x1b\n%!", max_size=40), st.dictionaries(st.sampled_from("ab"), st.text()))
def test_any_text_is_a_sentence_or_refused(text: str, values: dict[str, str]) -> None:
    """Nothing else is raised, and what is made of a sentence is its own text and the fields' and no more."""
    try:
        sentence = parse_sentence(text)
    except ValueError:
        return
    made = render(sentence, values.get)
    assert made is None or len(made) <= len(text) + sum(len(value) for value in values.values()) * len(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["V", "percent", "s", "text", "time", "count", "number", "list", "any", "object", "mΩ"]))
def test_any_value_is_written_on_one_line_within_its_bound(value: Any, shape: str) -> None:
    """Whatever somebody offers: no control character, no line break, no flood."""
    text = written("channel", value, shape, NOON)
    assert text is None or (text.isprintable() and len(text) <= LONGEST)


@pytest.mark.parametrize("value", [10**5000, -(10**400), float("inf"), float("nan"), 1e300], ids=range(5))
@pytest.mark.parametrize("shape", ["V", "s", "count", "percent", "any"])
def test_a_number_that_cannot_be_meant_stays_short(value: float, shape: str) -> None:
    for each in (value, [value], {"a": value}):
        assert len(written("x", each, shape, NOON) or "") <= LONGEST


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.4, "0.4 s"), (75, "1 min 15 s"), (3600, "1 h"), (172_700, "1 d 23 h"), (-5, "-5 s")],
)
def test_a_span_is_written_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert text == duration(seconds)


def test_a_folder_without_a_catalogue_has_no_words(tmp_path: Path) -> None:
    """The command line works away from the suite's machine, too."""
    assert load_event_texts(tmp_path, {}) == {}


def test_a_users_own_types_have_words(tmp_path: Path) -> None:
    text = "events:\n  MINE: {category: power, severity: info, description: d, sentence: 'It is {value}', "
    (tmp_path / "events.yaml").write_text(text + "data: {value: °C}}\n", encoding="utf-8")
    assert "It is 21.5 °C" == event_text(event("MINE", {"value": 21.5}), load_event_texts(tmp_path, {}))
    (tmp_path / "events.yaml").write_text("events: {MINE: {description: d, sentence: '{'}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"events\.MINE: sentence has a '\{' without its pair"):
        load_event_texts(tmp_path, {})
