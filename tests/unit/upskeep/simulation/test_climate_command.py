"""``upskeep climate``: figures, page and recording of a run, and a fit that finds the room again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

from upskeep.cli import cli

CONFIG = Path(__file__).parents[4] / "config"


def climate(*arguments: str) -> str:
    """Run it; the answer of one that went well."""
    outcome = CliRunner().invoke(cli, ["climate", *arguments])
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def test_a_run_prints_the_three_numbers_together_and_draws_a_page(tmp_path: Path) -> None:
    """As text, as JSON, and as a page without script or address."""
    page = tmp_path / "tent.html"
    text = climate("simulate", "--config", str(CONFIG), "--room", "tent", "--days", "0.2", "--page", str(page))
    found = json.loads(climate("simulate", "--config", str(CONFIG), "--room", "tent", "--days", "0.2", "--json"))

    assert f"in band       {found['in_band_pct']:.1f} %" in text
    assert "beyond rails" in text
    assert {"fan"} == set(found["switches_per_hour"])
    assert {"in_band_pct", "beyond_rails_pct", "energy_kwh"} < set(found)
    shown = page.read_text(encoding="utf-8")
    svg = shown[shown.index("<svg") : shown.index("</svg>") + 6]
    assert "polyline" in ET.tostring(ET.fromstring(svg), encoding="unicode")  # noqa: S314 - our own page
    assert not [bad for bad in ("http:", "https:", "<script") if bad in shown]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of the tent."""
    path = tmp_path_factory.mktemp("climate") / "tent.csv"
    climate("simulate", "--config", str(CONFIG), "--room", "tent", "--days", "1", "--record", str(path))
    return path


def test_a_fit_finds_the_room_again_and_says_what_it_cannot_know(recorded: Path, tmp_path: Path) -> None:
    """From a room with half the plants, twice the fan and thicker walls; the tent has no heater."""
    wrong = json.loads(room("tent"))
    wrong["model"] |= {"transpiration_g_h_kpa": 50, "fan_m3_h": 130, "loss_w_k": 30}
    begin, out = tmp_path / "wrong.json", tmp_path / "mine.json"
    begin.write_text(json.dumps(wrong))

    found = json.loads(climate("fit", str(recorded), "--room", str(begin), "--out", str(out), "--json"))

    assert found["quality"]["explained_pct"] > 90
    assert found["model"]["fan_m3_h"] == pytest.approx(66, rel=0.2)
    assert "heater_w" in found["quality"]["undetermined"]
    again = json.loads(climate("simulate", "--config", str(CONFIG), "--room", str(out), "--days", "0.1", "--json"))
    assert "mine" == again["room"]


def room(name: str) -> str:
    """A preset as a file of ``fit`` has it."""
    from shared.climate.room_presets import PRESETS

    return PRESETS[name].model_dump_json()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,air_temperature\n", "has no column relative_humidity"),
        ("time,air_temperature,relative_humidity\nyesterday,20,50\n", "'yesterday' is not a time"),
        ("time,air_temperature,relative_humidity\n2026-01-01T00:00:00Z,20,50\n", "has 1 whole rows"),
    ],
)
def test_a_recording_that_cannot_be_fitted_is_refused_with_the_reason(tmp_path: Path, text: str, words: str) -> None:
    """With file and line where there is one."""
    path = tmp_path / "room.csv"
    path.write_text(text)

    outcome = CliRunner().invoke(cli, ["climate", "fit", str(path)])

    assert outcome.exit_code != 0
    assert words in outcome.output


def test_every_room_is_listed_and_an_unknown_one_is_refused_with_the_list() -> None:
    """So nobody has to look them up."""
    listed = climate("rooms")
    outcome = CliRunner().invoke(cli, ["climate", "simulate", "--room", "barn"])

    assert "tent_summer" in listed
    assert (2, True) == (outcome.exit_code, "'barn' is no room" in outcome.output)


def test_a_zone_of_the_configuration_is_simulated_as_it_would_be_switched_on(tmp_path: Path) -> None:
    """In Observe as shipped, with its plan; devices from the room where it names none."""
    shipped = (CONFIG / "climate.yaml").read_text(encoding="utf-8")
    (tmp_path / "climate.yaml").write_text(
        shipped.replace("zones: {}", "zones:\n  box: {sensor: air, plan: leafy, started: 2024-10-04}")
    )

    found = json.loads(climate("simulate", "--config", str(tmp_path), "--days", "0.2", "--json"))

    assert found["in_band_pct"] > 0
    assert found["switches_per_hour"]
