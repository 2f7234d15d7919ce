"""``upskeep check`` names levels that a board can never show, of profiles in use or not, and of single chips."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from services.event_processor.settings import load as load_rules
from services.sensor_reader.settings import load as load_reader
from shared.settings import ConfigError
from tests.support.scenarios import frame, run
from upskeep.check import check_config, doubts

CONFIG = Path(__file__).parents[3] / "config"
SHORT = "boards.waveshare_ups_hat_b: discharge_high of event_processor.yaml can never hold: battery_current below -8 A"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a copy of the shipped configuration."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def change(file: Path, section: str, key: str, value: object) -> None:
    """Set ``section.key`` of a YAML file."""
    content = yaml.safe_load(file.read_text())
    content[section] = {**(content[section] or {}), key: value}
    file.write_text(yaml.safe_dump(content))


def board(config: Path, **changes: object) -> dict[str, object]:
    """Return the profile of the Waveshare UPS HAT (B), changed."""
    return {**yaml.safe_load((config / "boards.yaml").read_text())["boards"]["waveshare_ups_hat_b"], **changes}


def test_every_shipped_profile_can_reach_every_shipped_level() -> None:
    """An INA219 over 0.1 Ω ends at 3.2 A, and OVERCURRENT_DETECTED comes at 3.15 A there."""
    assert [] == [doubt for doubt in doubts(check_config(CONFIG, {})) if "can never hold" in doubt]


def test_a_level_that_a_board_can_never_show_is_named_though_no_device_uses_the_board(config: Path) -> None:
    """Without levels of its own the rule's 8 A would hold."""
    change(config / "boards.yaml", "boards", "waveshare_ups_hat_b", board(config, levels={}))

    named = [doubt for doubt in doubts(check_config(config, {})) if "can never hold" in doubt]

    assert any(SHORT in doubt and "at most" in doubt for doubt in named)
    assert {"discharge_high", "charge_high"} == {doubt.split(": ")[2].split()[0] for doubt in named}


def test_a_chip_alone_is_held_against_the_rules(config: Path) -> None:
    """It has no profile; its levels stand with the device."""
    chip = {"name": "pack", "chip": "ina219", "address": 0x40, "shunt_ohm": 0.1}
    content = yaml.safe_load((config / "sensor_reader.yaml").read_text())
    (config / "sensor_reader.yaml").write_text(yaml.safe_dump({**content, "devices": [chip]}))
    assert 2 == sum("devices.0: " in doubt for doubt in doubts(check_config(config, {})))

    levels = {"discharge_high": {"at": -3, "clear": -2.5}, "charge_high": {"at": 3, "clear": 2.5}}
    change(config / "event_processor.yaml", "devices", "pack", {"levels": levels})
    assert [] == [doubt for doubt in doubts(check_config(config, {})) if "devices.0: " in doubt]


def test_a_limit_out_of_reach_is_a_fault_of_a_profile_that_no_device_uses(config: Path) -> None:
    """As it is of one in use."""
    limits = {"battery_current": {"low": -8}}
    change(config / "boards.yaml", "boards", "waveshare_ups_hat_b", board(config, limits=limits))

    with pytest.raises(
        ConfigError, match=r"yaml:\d+: boards\.waveshare_ups_hat_b.*battery_current: -8 A is out of reach"
    ):
        load_reader(config, {})


@pytest.mark.parametrize(("level", "reason"), [
    ({"discharge_hihg": {"at": -3, "clear": -2}}, "did you mean 'discharge_high'"),
    ({"discharge_high": {"at": -3, "clear": -4}}, "must not be lower than below"),
])  # fmt: skip
def test_a_level_that_leads_nowhere_is_a_fault(config: Path, level: object, reason: str) -> None:
    """Of the device that says it."""
    change(config / "event_processor.yaml", "devices", "ups", {"levels": level})

    with pytest.raises(ConfigError, match=reason):
        load_rules(config, {})


@pytest.mark.parametrize(("profile", "expected"), [("waveshare_ups_hat_b", 1), ("waveshare_ups_module_3s", 0)])
def test_too_much_current_can_come_on_a_board_with_a_tenth_of_an_ohm(config: Path, profile: str, expected: int) -> None:
    """At the end of its scale; a board that shows more keeps 8 A."""
    content = yaml.safe_load((config / "sensor_reader.yaml").read_text())
    devices = [{"name": "ups", "board": profile}]
    (config / "sensor_reader.yaml").write_text(yaml.safe_dump({**content, "source": "i2c", "devices": devices}))

    frames = [frame(second, battery_voltage=7.4, battery_current=-3.2) for second in range(10)]
    events, _ = run(frames, load_rules(config, {}))

    found = [event.data["threshold"] for event in events if event.type == "OVERCURRENT_DETECTED"]
    assert [-3.15] * expected == found
