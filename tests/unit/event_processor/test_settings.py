"""``config/events.yaml`` and ``config/event_processor.yaml``."""

from pathlib import Path

import pytest
import yaml

from services.event_processor.core.rules.causes import causes
from services.event_processor.core.rules.sections import Rules
from services.event_processor.settings import load
from services.event_processor.settings.pipeline import load_plan
from shared.jumps import CLOCK_JUMP
from shared.messages import Severity
from shared.settings import ConfigError
from shared.topics import Topics, type_levels
from tests.support.scenarios import CONFIG, SHIPPED

BROKEN = Path(__file__).resolve().parents[2] / "broken_configs" / "event_processor"
MISTAKES = sorted(BROKEN.glob("*.yaml"))

# seeds: the UPS catalogue, type → (category, severity, triggers)
UPS = """
AC_POWER_LOSS          power   warning  backup_power_activation battery_discharge_start
AC_POWER_RESTORED      power   info     backup_power_deactivation battery_charge_start
DC_OUTPUT_LOSS         power   critical system_shutdown load_disconnect
DC_OUTPUT_RESTORED     power   info     system_startup load_reconnect
BATTERY_LOW            battery warning  low_battery_alert shutdown_warning
BATTERY_CRITICAL       battery critical critical_battery_alert imminent_shutdown
BATTERY_RECOVERED      battery info     cancel_alerts normal_operation
CHARGING_STARTED       battery info     charge_cycle_start
CHARGING_COMPLETED     battery info     charge_cycle_end battery_full
CHARGE_CYCLE_COUNT     battery info     battery_health_update maintenance_check
SYSTEM_STARTUP         system  info     initialization_complete
SYSTEM_SHUTDOWN        system  info     cleanup_procedures
I2C_ERROR              system  error    communication_retry error_logging
CALIBRATION_PERFORMED  system  info     profile_update accuracy_improvement
TEMPERATURE_HIGH       system  warning  thermal_protection cooling_alert
OVERVOLTAGE_DETECTED   safety  critical protection_circuit_activation safety_shutdown
UNDERVOLTAGE_DETECTED  safety  critical protection_circuit_activation load_disconnect
OVERCURRENT_DETECTED   safety  critical current_limiting protection_activation
THERMAL_SHUTDOWN       safety  critical emergency_shutdown thermal_protection
"""


@pytest.mark.parametrize("row", UPS.strip().splitlines(), ids=lambda row: row.split()[0])
def test_the_ups_catalogue_is_complete(row: str):
    """All 19 types, with their categories, severities and triggers."""
    name, category, severity, *triggers = row.split()
    kind = SHIPPED.catalogue[name]

    assert (category, Severity(severity), tuple(triggers)) == (kind.category, kind.severity, kind.triggers)


def test_every_type_has_a_topic_of_its_own():
    """No two types meet on one topic, and each can be built."""
    topics = {
        Topics().build("event", kind.category, type_levels(kind.category, name))
        for name, kind in SHIPPED.catalogue.items()
    }

    assert len(SHIPPED.catalogue) == len(topics)


def test_every_type_says_what_it_means():
    """A description a person can read."""
    assert [] == [name for name, kind in SHIPPED.catalogue.items() if len(kind.description) < 10]


def test_a_device_keeps_the_defaults_it_does_not_name():
    """Cells from its own row, chemistry from default_device."""
    compiled = load(CONFIG, {"UPSKEEP_EVENT_PROCESSOR__DEVICES__UPS__CELLS": "2"})
    device = compiled.device_rules("ups").device

    assert (2, "li_ion", 1) == (device.cells, device.chemistry_name, compiled.device_rules("other").device.cells)


def test_a_section_left_out_is_off(tmp_path: Path):
    """The smallest file that loads has no rules at all; what is left is what no rule turns off."""
    (tmp_path / "events.yaml").write_text((CONFIG / "events.yaml").read_text())
    shipped = yaml.safe_load((CONFIG / "event_processor.yaml").read_text())
    small = {"chemistries": shipped["chemistries"], "default_device": {"chemistry": "lihv"}, "rules": {}}
    (tmp_path / "event_processor.yaml").write_text(yaml.safe_dump(small))

    assert [CLOCK_JUMP] == [event for _, _, (_, _, event) in load(tmp_path, {}).device_rules("ups").believed]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_explained_exactly(mistake: Path, tmp_path: Path):
    """Which file is wrong stands in the first part of the broken file's name; the other is the shipped one."""
    for name in ("events", "event_processor", "pipeline", "patterns"):
        source = mistake if mistake.name.startswith(f"{name}.") else CONFIG / f"{name}.yaml"
        (tmp_path / f"{name}.yaml").write_text(source.read_text())

    with pytest.raises(ConfigError) as caught:
        load_plan(tmp_path, {})

    assert mistake.with_suffix(".txt").read_text().rstrip("\n") == str(caught.value).replace(f"{tmp_path}/", "")


def test_faults_of_both_files_are_reported_at_once(tmp_path: Path):
    """Nobody mends one file only to hear of the other."""
    (tmp_path / "events.yaml").write_text("events: 3")

    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {})

    assert 2 == len(caught.value.faults)


def test_every_mistake_has_its_text():
    """And every text its mistake."""
    assert [path.stem for path in MISTAKES] == sorted(path.stem for path in BROKEN.glob("*.txt"))
    assert len(MISTAKES) >= 15


BOARD = """boards:
  attic_ups: {title: UPS in the attic, cells: 3, chemistry: lifepo4, capacity_mah: 6000,
              chips: [{chip: ina219, address: 0x41, shunt_ohm: 0.01}]}
"""
READER = """source: auto
devices:
  - {name: attic, board: attic_ups}
  - {name: shed, chip: max17049, address: 0x36, cells: 2}
  - {name: host, host: true}
simulation: {board: attic_ups}
"""


def housed(tmp_path: Path, processor: str = "", boards: str = BOARD) -> Path:
    """Return a folder with the shipped rules, a board of its own, and devices on it."""
    for name in ("events", "event_processor"):
        (tmp_path / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text().replace("devices: {}", processor))
    (tmp_path / "boards.yaml").write_text(boards)
    (tmp_path / "sensor_reader.yaml").write_text(READER)
    return tmp_path


def test_a_battery_is_what_its_board_says(tmp_path: Path):
    """Cells, chemistry and capacity of the profile; a lone chip's own cells; the default for the rest."""
    compiled = load(housed(tmp_path, "devices: {}"), {})
    known = {name: compiled.device_rules(name).device for name in ("attic", "shed", "host")}

    assert {"attic": (3, "lifepo4", 6000), "shed": (2, "li_ion", None), "host": (1, "li_ion", None)} == {
        name: (device.cells, device.chemistry_name, device.capacity_mah) for name, device in known.items()
    }


def test_the_processors_own_settings_go_before_the_board(tmp_path: Path):
    """Key by key."""
    device = load(housed(tmp_path, "devices: {attic: {cells: 4}}"), {}).device_rules("attic").device

    assert (4, "lifepo4") == (device.cells, device.chemistry_name)


@pytest.mark.parametrize(("source", "cells"), [("sim:outage", 3), ("i2c", 1)])
def test_the_simulators_ups_is_on_the_simulators_board(source: str, cells: int, tmp_path: Path):
    """Whichever source is in force."""
    assert cells == load(housed(tmp_path, "devices: {}"), {"UPSKEEP_SOURCE": source}).device_rules("ups").device.cells


def test_a_board_of_an_unknown_chemistry_is_named_with_its_line(tmp_path: Path):
    """Judged by the wrong levels a battery would always be critical."""
    with pytest.raises(ConfigError) as caught:
        load(housed(tmp_path, "devices: {}", BOARD.replace("lifepo4", "lifepo")), {})

    assert (
        f"{tmp_path}/boards.yaml:2: boards.attic_ups.chemistry: event_processor.yaml has no such chemistry 'lifepo'; "
        "did you mean 'lifepo4'?"
    ) == str(caught.value)


def test_every_cause_has_words():
    """The page of the catalogue says what the rules in force make of it."""
    told = causes(yaml_rules(), {})

    assert ["`cpu_temperature` above 60 °C for 30 s"] == told["TEMPERATURE_HIGH"][:1]
    assert ["`cpu_temperature` below 55 °C for 30 s"] == told["TEMPERATURE_NORMAL"][:1]
    assert ["`ac_present` is true and `battery_current` below -0.1 A for 30 s"] == told["POWER_INSUFFICIENT"]
    assert ["the device not heard of for 300 s"] == told["device.error"]
    assert ["`air_temperature` below -1 °C for 5 s, a minute, over 60 s"] == told["device.action.failed"]
    assert ["`self_test` takes another value for 2 s"] == told["device.state.changed"]


def yaml_rules() -> Rules:
    """Return the shipped rules and one of each kind that is not shipped."""
    shipped = yaml.safe_load((CONFIG / "event_processor.yaml").read_text())["rules"]
    client = {"channel": "air_temperature", "below": -1, "clear": 0, "enter_for_s": 5, "window_s": 60}
    more = {
        "absences": {"quiet": {"after_s": 300, "event": "device.error"}},
        "rates": {"door": {**client, "event": "device.action.failed"}},
        "changes": {"test": {"channel": "self_test", "for_s": 2, "event": "device.state.changed"}},
    }
    return Rules.model_validate(shipped | more)


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("cells: 3", "cells: 0", "boards.attic_ups.cells: Input should be greater than or equal to 1 (got 0)"),
        ("6000", "none", "boards.attic_ups.capacity_mah: Input should be a valid number, unable to parse"),
        ("lifepo4", "li ion", "boards.attic_ups.chemistry: String should match pattern"),
    ],
)
def test_a_mistake_in_a_board_is_a_fault_and_no_crash(right: str, wrong: str, fault: str, tmp_path: Path):
    """The reader tells it too, in the same words, so that the check says it once."""
    with pytest.raises(ConfigError) as caught:
        load(housed(tmp_path, "devices: {}", BOARD.replace(right, wrong)), {})

    assert fault in str(caught.value)
