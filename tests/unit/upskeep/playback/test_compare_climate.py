"""``backtest --compare`` over the recording of a room: what another target would have commanded."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from shared.settings import ConfigError
from upskeep.cli import cli
from upskeep.playback.backtest import batches
from upskeep.playback.climate_compare import Zones
from upskeep.playback.compare import Comparison, compare
from upskeep.playback.settings_diff import Configuration
from upskeep.text.comparison_text import show

CONFIG = Path(__file__).parents[4] / "config"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTES = 90
SAFETY = "{sensors: {temperature: [{device: room}], humidity: [{device: room}]}}"
HEATER = "{zone: office, kind: heater, template: tasmota, at: {topic: h}, min_off_s: 60}"
MIST = "{zone: office, kind: humidifier, template: tasmota, at: {topic: m}}"
OFFICE = {
    "climate": ("zones: {}", "zones:\n  office: {sensor: room, target_kpa: 1.8, max_age_s: 120}"),
    "actuators": (
        "zones: {}\n",
        f"zones:\n  office: {SAFETY}\n",
        "actuators: {}\n",
        f"actuators:\n  heater: {HEATER}\n  mist: {MIST}\n",
    ),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with one zone, and a heater and a humidifier in it."""
    folder = tmp_path_factory.mktemp("configuration") / "office"
    shutil.copytree(CONFIG, folder)
    for name, texts in OFFICE.items():
        path = folder / f"{name}.yaml"
        content = path.read_text(encoding="utf-8")
        for was, becomes in zip(texts[::2], texts[1::2], strict=True):
            assert was in content
            content = content.replace(was, becomes, 1)
        path.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def air(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour and a half of 23 °C at 43 %: a VPD of 1.6 kPa, too low for 1.8 and too high for 1.4."""
    path = tmp_path_factory.mktemp("recording") / "air.csv"
    rows = [
        f"{(START + timedelta(minutes=minute)).isoformat()},23.0,{43.0 + 0.01 * (minute % 3):.2f}"
        for minute in range(MINUTES)
    ]
    path.write_text("\n".join(["time,air_temperature,relative_humidity", *rows]) + "\n", encoding="utf-8")
    return path


def with_target(office: Path, kpa: float) -> Configuration:
    return Configuration(office, {}, (f"climate.zones.office.target_kpa={kpa}",))


@pytest.fixture(scope="module")
def found(office: Path, air: Path) -> Iterator[Comparison]:
    """What 1.4 kPa would have commanded in place of 1.8."""
    with ExitStack() as stack:
        yield compare([air], Configuration(office, {}), with_target(office, 1.4), stack)


def test_another_target_would_have_commanded_something_else(found: Comparison) -> None:
    """Events are the same; the heater would have rested and the humidifier would have run."""
    (setting,) = found.head()["settings"]
    assert {"file": "climate.yaml", "path": "zones.office.target_kpa", "before": 1.8, "after": 1.4} == setting
    rows = list(found.kept.rows(None))
    levels = {row["name"]: tuple(row[side]["data"]["level"] for side in ("before", "after")) for row in rows}
    assert (False, {"heater": (1.0, 0.0), "mist": (0.0, 1.0)}) == (found.same, levels)
    assert {("actuator", "office", "room")} == {(row["what"], row["after"]["zone"], row["device"]) for row in rows}
    hours = found.climate["office"]
    assert hours["heater"]["before_h"] == hours["heater"]["apart_h"] > 1.3
    assert 0 == hours["heater"]["after_h"] == hours["mist"]["before_h"]


def test_a_person_reads_hours_and_reasons(found: Comparison) -> None:
    """A table, and a line for each stretch."""
    text = io.StringIO()
    show(found, Console(file=text, width=100), "config", "config and what --with says")

    assert "elsewhere for" in text.getvalue()
    assert "level=1.0→0.0" in text.getvalue()
    assert "target 1.80 kPa→" in text.getvalue()


def test_both_commands_come_to_the_same_hours(found: Comparison, office: Path, air: Path) -> None:
    """``climate observe --compare`` and ``backtest --compare`` are one implementation."""
    arguments = ["climate", "observe", str(air), "--config", str(office), "--target", "1.8", "--compare", "1.4"]
    observed = CliRunner().invoke(cli, arguments).stdout.splitlines()

    for name in ("heater", "mist"):
        hours = {key: f"{value:.1f} h" for key, value in found.climate["office"][name].items()}
        line = f"{name}: {hours['before_h']} → {hours['after_h']} at full level; elsewhere for {hours['apart_h']}"
        assert line in observed


def test_a_zone_compared_with_itself_wants_the_same(office: Path, air: Path) -> None:
    """Although the VPD is off its target all along."""
    zones = Zones(Configuration(office, {}), Configuration(office, {}))
    differences = [each for batch in batches([air]) for each in zones.process(batch)]

    assert [] == [*differences, *zones.end()]
    assert {"heater": 0.0, "mist": 0.0} == {name: ran["apart_h"] for name, ran in zones.hours()["office"].items()}


def test_a_fault_of_a_zone_is_one_of_the_configuration(office: Path) -> None:
    """A target that its own limits cannot reach is refused, with the figures."""
    with pytest.raises(ConfigError, match=r"a VPD of 0\.2 kPa cannot be reached"):
        Zones(Configuration(office, {}), with_target(office, 0.2))
