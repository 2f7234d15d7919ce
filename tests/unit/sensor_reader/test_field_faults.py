"""Faults that others' drivers have had in the field, one by one: each test fails on the faulty behaviour.

What has its test elsewhere stands in ``ELSEWHERE``, with the issue.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.feeds import PlayedFeed
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.service import SensorReader
from services.sensor_reader.settings import load
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Event, Frame, Quality
from shared.settings import ConfigError
from tests.unit.event_processor.test_golden import events_of
from tests.unit.sensor_reader.test_power_cut_command import Heard

CONFIG = Path(__file__).parents[3] / "config"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
UNIT = "tests.unit.sensor_reader."
RULES = "tests.unit.event_processor."

ELSEWHERE = {
    "a failed read is a current of -0.001 A (NUT pijuice.c)":
        UNIT + "test_kept_alive:test_a_failed_read_of_a_pijuice_is_no_current",
    "a temperature of -232 °C (PiJuice#124)":
        UNIT + "test_power_chips:test_the_temperature_of_a_pijuice_is_one_signed_byte",
    "registers that stop and still answer (geeekpi/upsplus#152)":
        UNIT + "test_plausibility:test_a_frozen_gauge_goes_stale_and_says_since_when",
    "a high byte of 0xFF now and then (UPSPlus_mqtt#27)":
        UNIT + "test_power_chips:test_a_high_byte_of_all_ones_is_a_known_fault_of_the_upsplus",
    "1.3 V within a minute (xorbit/LiFePO4wered-Pi#60)":
        UNIT + "test_limits:test_a_battery_does_not_fall_by_more_than_a_volt_and_come_back",
    "a word of two moments (PiSugar 3)":
        UNIT + "test_kept_alive:test_words_of_two_moments_never_come_out",
    "one bus, several readers (UPSPlus_mqtt README)": "tests.contract.test_i2c_bus:test_a_bus_has_one_reader",
    "NACKs and timeouts (PiJuice#519 #657 #586)":
        UNIT + "test_fault_scenarios:test_a_fault_has_the_quality_and_the_errors_it_deserves",
    "a bus held low (raspberrypi/linux#254)":
        UNIT + "test_smbus:test_a_bus_held_low_is_asked_less_and_less_and_read_again_when_it_is_free",
    "blips are outages (nut#321 #2347, rpi_waveshare_ups#8)":
        RULES + "test_power:test_a_spell_shorter_than_the_dwell_is_one_blip",
    "low battery while on mains (PiJuice#369 #349)":
        RULES + "test_battery:test_evidence_of_outside_power_shuts_the_gate",
    "thresholds of another chemistry (hardware notes §9)":
        RULES + "test_battery:test_each_chemistry_has_levels_of_its_own",
    "sign, shunt, bus and cells (odya#30 #8 #32 #27, upsplus#37 #74)":
        UNIT + "test_boards:test_the_same_chip_is_wired_otherwise_from_board_to_board",
    "a number of cells guessed from the voltage":
        UNIT + "test_limit_settings:test_a_pack_with_another_number_of_cells_is_not_believed",
    "a charge of 106 % (geekworm-com/x728#14)":
        UNIT + "test_chips:test_a_charge_above_full_is_held_to_100_and_the_word_is_kept",
    "why did it reboot (nut#1533, PiJuice#248)":
        UNIT + "test_unclean_stop:test_a_cut_off_run_is_reported_with_what_the_board_knows_of_it",
}  # fmt: skip


@pytest.mark.parametrize("named", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_tested_elsewhere_is_tested_there(named: str) -> None:
    """The test exists."""
    module, name = named.split(":")
    assert callable(getattr(importlib.import_module(module), name))


def rig(kind: str, mount: Mount | None = None) -> tuple[SimulatedBus, Poller]:
    """Return a bus with one chip, and a poller of it."""
    bus, address = SimulatedBus(), CHIPS[kind].addresses[0]
    bus.attach(address, SIMULATED[kind](address))
    device = Device("ups", (ChipPart(CHIPS[kind], 1, address, mount or Mount()),))
    return bus, Poller([device], Ports({1: bus}), bus.wait, now=0.0)


def pijuice() -> tuple[SimulatedBus, Poller]:
    """Return one that is well: 4.0 V, mains at the pins."""
    bus, poller = rig("pijuice")
    words = {"40": "c0", "41": "50", "44": "00", "47": "18ff", "49": "a00f", "4b": "6aff", "4d": "ec13", "4f": "0000"}
    for block in CHIPS["pijuice"].blocks():
        bus.hold(0x14, block, bytes.fromhex(words[block.name]))
    return bus, poller


def poll(poller: Poller, second: int) -> Frame:
    [frame] = poller.poll_due(float(second), NOON + timedelta(seconds=second))
    return frame


def events(board: str, channels: Iterable[dict[str, float | bool]]) -> list[str]:
    """Return the types of the events that a second of each makes of a UPS on ``board``."""
    frames = [
        Frame(
            producer="t", epoch="e", seq=number + 1, time=NOON + timedelta(seconds=number), device="ups", values=values
        )
        for number, values in enumerate(channels)
    ]
    found: list[Event] = events_of(frames, board)
    return [event.type for event in found]


def test_what_fails_is_not_what_was_read_before() -> None:
    """NUT pijuice.c calls ``dstate_dataok()`` whatever has failed, so a dead HAT is fresh for ever (nut#2454)."""
    bus, poller = pijuice()
    good = poll(poller, 0)
    bus.break_chip(0x14, Fault("absent"))
    dead = poll(poller, 1)

    assert (Quality.GOOD, 4.0) == (good.quality, good.values["battery_voltage"])
    assert (Quality.BAD, {}, ["nack"]) == (dead.quality, dead.values, [error.code for error in dead.errors])


def test_a_status_that_cannot_be_read_says_nothing_of_the_mains() -> None:
    """NUT pijuice.c commits an empty ups.status then: neither on line nor on battery."""
    bus, poller = pijuice()
    bus.break_chip(0x14, Fault("lying", command=b"\x40", shows=b"\x00\x00"))  # the check byte would be 0xFF
    frame = poll(poller, 0)

    assert ("ac_present" in frame.values, frame.quality) == (False, Quality.BAD)


def test_a_corrupt_answer_of_a_pijuice_is_not_believed() -> None:
    """NUT pijuice.c makes no use of the controller's checksum (PiJuice#687 #412)."""
    bus, poller = pijuice()
    bus.break_chip(0x14, Fault("noise"))
    frame = poll(poller, 0)

    assert (["crc"], {}) == ([error.code for error in frame.errors], frame.values)


@pytest.mark.parametrize(("text", "expected"), [("0x14", 0x14), ("20", 0x14)])
def test_an_address_in_hexadecimal_is_one(text: str, expected: int, tmp_path: Path) -> None:
    """NUT pijuice.c: atoi("0x14") is 0."""
    (tmp_path / "boards.yaml").write_text("boards: {geekworm_x1201: " + "{title: t, cells: 1, chemistry: li_ion, "
                                          "chips: [{chip: max17043, address: 0x36}]}}")  # fmt: skip
    (tmp_path / "sensor_reader.yaml").write_text("devices: [{name: ups, chip: pijuice, address: 0}]")
    [part] = load(tmp_path, {"UPSKEEP_SENSOR_READER__DEVICES__0__ADDRESS": text}).devices()[0].parts

    assert isinstance(part, ChipPart)
    assert expected == part.address
    with pytest.raises(ConfigError, match="address 0x00: pijuice sits at 0x14"):
        load(tmp_path, {})


def test_noise_around_no_current_is_no_outage() -> None:
    """NUT hwmon_ina219.c: on line is ``current <= 0``, without a deadband (hacs_waveshare_ups_hat#8)."""
    noisy = [{"battery_voltage": 8.3, "battery_current": 0.06 * (-1) ** second} for second in range(120)]
    resting = [{"battery_voltage": 8.3, "battery_current": 0.5}, *noisy]

    assert not {"AC_POWER_LOSS", "AC_POWER_RESTORED", "POWER_BLIP"} & set(events("waveshare_ups_hat_b", resting))


@pytest.mark.parametrize("board", ["waveshare_ups_hat_b", "waveshare_ups_hat_d", "waveshare_cm4_poe_ups"])
def test_an_outage_is_one_whatever_sign_the_board_gives_it(board: str) -> None:
    """NUT hwmon_ina219.c reads other boards than its own the wrong way round (nut#2378, odya#30)."""
    script = SCENARIOS["outage"]
    configuration = load(CONFIG, {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": board})
    items = Simulation(script, configuration.simulated(script.step_s)).items(SourcePosition(0, NOON))
    found = events_of([item.content for item in items if isinstance(item.content, Frame)], board)
    mains = [(event.type, event.time - NOON) for event in found if event.type.startswith("AC_POWER")]

    assert [("AC_POWER_LOSS", 8), ("AC_POWER_RESTORED", 86)] == [(kind, after.seconds) for kind, after in mains]


def test_a_monitor_without_a_gauge_invents_neither_charge_nor_runtime() -> None:
    """NUT hwmon_ina219.c: percent on a line from 3.00 to 4.25 V, and a runtime of 60 s when low."""
    bus, poller = rig("ina219", Mount(shunt_ohm=0.1))
    bus.load(0x40, {0x01: 0xFE0C, 0x02: 0x2022}, stride=1)

    assert {"battery_voltage", "battery_current", "battery_power"} == poll(poller, 0).values.keys()


def test_a_current_just_below_nothing_is_one_step_below() -> None:
    """The maker's INA219.py subtracts 65535, so that -1 becomes 0 and every discharge is a step too small."""
    bus, poller = rig("ina219", Mount(shunt_ohm=0.1))
    bus.load(0x40, {0x01: 0xFFFF, 0x02: 0x2022}, stride=1)

    assert -0.0001 == pytest.approx(poll(poller, 0).values["battery_current"])


def test_reading_writes_nothing_that_shuts_down() -> None:
    """52Pi's demo sets the countdown to the power cut as it reads (geeekpi/upsplus, Full-featured-demo-code.py)."""
    bus = Heard()
    bus.attach(0x17, SIMULATED["upsplus"](0x17))
    device = Device("ups", (ChipPart(CHIPS["upsplus"], 1, 0x17, Mount()),))
    poller = Poller([device], Ports({1: bus}), bus.wait, now=0.0)
    for second in range(5):
        poller.poll_due(float(second), NOON)

    assert bus.wrote == []


def test_a_first_poll_that_fails_does_not_end_the_reader() -> None:
    """Geekworm's scripts end with the first OSError, and systemd is told that all went well (merged.py)."""
    bus, poller = pijuice()
    bus.break_chip(0x14, Fault("bus"))
    assert poll(poller, 0).quality is Quality.BAD
    bus.break_chip(0x14, None)

    assert poll(poller, 1).quality is Quality.GOOD


def test_a_dead_chip_is_two_lines_in_the_log_and_not_one_a_poll(caplog: pytest.LogCaptureFixture) -> None:
    """nut#506, home-assistant/core#85919, geekworm-com/x728#9: 180 failing polls; its beginning and its end."""
    script = SCENARIOS["dead_chip"]
    with closing(Ledger(":memory:")) as ledger, caplog.at_level(logging.INFO):
        feed = PlayedFeed(Simulation(script, load(CONFIG, {}).simulated(script.step_s)), None)
        handler = SensorReader(feed, ledger, InMemoryPublisher(), "b1")
        handler.begin(NOON)
        while not handler.done:
            handler.step(0.0, NOON)
        errors = handler.figures()["errors"]

    assert errors == 180
    assert caplog.messages == [
        "ups: max17043@0x36: nack: at 0x36: the simulated chip is gone (3 attempts)",
        "ups: max17043@0x36: nack is over, after 180 polls within 179 s",
    ]
