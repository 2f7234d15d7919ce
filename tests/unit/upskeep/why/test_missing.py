"""Of every "short of causing it" row of the catalogue's table: what ``why not`` says was missing.

The table here is written by hand from the rows, not from what the code says.
"""

from __future__ import annotations

from itertools import chain

import pytest

from services.event_processor.core.device.memory import NOTHING
from services.event_processor.core.tracing.goals import goals_of
from services.event_processor.core.tracing.missing import Missing, Tally, nearest
from services.event_processor.core.tracing.recorder import Recorder
from tests.support.scenarios import SHIPPED, configured
from tests.unit.event_processor.test_catalogue import CASES, frames
from upskeep.text.times import IN_UTC
from upskeep.why.chain import shortfall
from upskeep.why.links import sentence

# What each row lacks, by its own numbers: the kind of link, and words that its sentence must have.
WANTING: dict[str, tuple[str, str]] = {
    "AC_POWER_LOSS": ("dwell", "held for 1 s at most, until 12:00:03Z; 2 s are needed"),
    "AC_POWER_RESTORED": ("dwell", "held for 4 s at most, until 12:00:07Z; 5 s are needed"),
    "POWER_BLIP": ("value", "ac_present was true"),
    "POWER_INSUFFICIENT": ("dwell", "held for 29 s at most, until 12:00:29Z; 30 s are needed"),
    "POWER_SUFFICIENT": ("value", "battery_current was -0.07 A"),
    "STARTED_ON_BATTERY": ("first", "the first frame of a boot must say so"),
    "DC_OUTPUT_LOSS": ("dwell", "29 s at most"),
    "DC_OUTPUT_RESTORED": ("dwell", "4 s at most"),
    "FORCED_SHUTDOWN": ("value", "forced_shutdown was false"),
    "FORCED_SHUTDOWN_CLEARED": ("dwell", "4 s at most"),
    "UPS_ALARM": ("dwell", "4 s at most"),
    "UPS_ALARM_CLEARED": ("dwell", "29 s at most"),
    "UPS_BYPASS": ("dwell", "4 s at most"),
    "UPS_BYPASS_ENDED": ("dwell", "4 s at most"),
    "UPS_CALIBRATION": ("value", "calibrating was false"),
    "UPS_CALIBRATION_ENDED": ("dwell", "4 s at most"),
    "MAINS_REGULATED": ("dwell", "29 s at most"),
    "MAINS_UNREGULATED": ("dwell", "29 s at most"),
    "OVERLOAD": ("dwell", "4 s at most"),
    "OVERLOAD_CLEARED": ("dwell", "9 s at most"),
    "BATTERY_LOW": ("dwell", "held for 9 s at most, until 12:00:11Z; 10 s are needed (the lowest cell_voltage was"),
    "BATTERY_CRITICAL": ("dwell", "held for 4 s at most, until 12:00:06Z; 5 s are needed"),
    "BATTERY_RECOVERED": ("value", "never cell_voltage above 3.7 V: the highest cell_voltage was 3.7 V"),
    "CHARGING_STARTED": ("value", "charging was false"),
    "CHARGING_COMPLETED": ("dwell", "4 s at most"),
    "DISCHARGE_STARTED": ("value", "never voltage_slope below -0.012 V/h a cell"),
    "DISCHARGE_ENDED": ("value", "voltage_slope"),
    "CHARGE_CYCLE_COUNT": ("value", "charge_cycles was 0.999"),
    "BATTERY_REPLACE": ("dwell", "59 s at most"),
    "BATTERY_REPLACED": ("dwell", "59 s at most"),
    "BATTERY_ABSENT": ("dwell", "4 s at most"),
    "BATTERY_ATTACHED": ("dwell", "4 s at most"),
    "SELF_TEST_STARTED": ("value", "self_test was passed"),
    "SELF_TEST_PASSED": ("value", "self_test was running"),
    "SELF_TEST_FAILED": ("value", "self_test was running"),
    "SYSTEM_STARTUP": ("value", "lifecycle was paused"),
    "SYSTEM_SHUTDOWN": ("value", "lifecycle was paused"),
    "UNCLEAN_SHUTDOWN": ("value", "clean was true"),
    "I2C_ERROR": ("code", "no frame bore errors nack, timeout, bus, crc, torn, busy; there were frozen"),
    "COMM_LOST": ("dwell", "14 s at most"),
    "COMM_RESTORED": ("dwell", "4 s at most"),
    "DATA_STALE": ("dwell", "14 s at most"),
    "DATA_FROZEN": ("code", "no frame bore errors frozen; there were nack"),
    "DATA_IMPLAUSIBLE": ("dwell", "4 s at most"),
    "DATA_SATURATED": ("dwell", "4 s at most"),
    "PART_FAULT": ("code", "there were frozen"),
    "PART_RECOVERED": ("dwell", "4 s at most"),
    "DATA_RECOVERED": ("dwell", "4 s at most"),
    "TEMPERATURE_HIGH": ("dwell", "29 s at most"),
    "TEMPERATURE_NORMAL": ("value", "the lowest cpu_temperature was 55 °C"),
    "CLOCK_JUMP": ("no_answer", "clock_step_s was 'much', which is no answer; a number is needed"),
    "OVERVOLTAGE_DETECTED": ("dwell", "4 s at most"),
    "OVERVOLTAGE_CLEARED": ("value", "the lowest cell_voltage was 4.2 V"),
    "UNDERVOLTAGE_DETECTED": ("dwell", "held for 0 s at most"),
    "UNDERVOLTAGE_CLEARED": ("value", "the highest cell_voltage was 3.2 V"),
    "OVERCURRENT_DETECTED": ("dwell", "held for 0 s at most"),
    "OVERCURRENT_CLEARED": ("value", "the lowest output_current was 7 A"),
    "THERMAL_SHUTDOWN": ("dwell", "9 s at most"),
    "THERMAL_CLEARED": ("value", "the lowest cpu_temperature was 80 °C"),
    "sensor.temperature": ("no_answer", "air_temperature was True, which is no answer"),
    "sensor.humidity": ("no_answer", "relative_humidity was 'damp', which is no answer"),
    "sensor.vpd": ("channel", "vapour_pressure_deficit is needed; none of 2 frames"),
    "sensor.pressure": ("no_answer", "air_pressure was 'low', which is no answer"),
    "sensor.co2": ("quality", "the frames were bad"),
    "sensor.illuminance": ("quality", "the frames were stale"),
    "sensor.soil_moisture": ("channel", "soil_moisture is needed; none of 1 frame"),
    "sensor.threshold.exceeded": ("dwell", "59 s at most"),
    "sensor.threshold.cleared": ("value", "the lowest co2 was 1200 ppm"),
    "sensor.quality.changed": ("dwell", "14 s at most"),
    "sensor.maintenance.calibration_due": ("channel", "co2 is needed; none of 1 frame"),
}  # fmt: skip


def missing(name: str) -> list[Missing]:
    """Return what the row just short of a type's cause lacks, the nearest way first."""
    case = CASES[name]
    compiled = configured(**dict(case.environ)) if case.environ else SHIPPED
    tallies = [Tally(goal) for goal in goals_of(compiled, "ups", name)]
    recorder, memory = Recorder(lambda trace: [tally.observe(trace) for tally in tallies]), NOTHING
    for frame in frames(chain(case.short), case.step_s):
        memory = recorder.process_frame(compiled, memory, frame).memory
    return nearest(tallies)


def test_every_row_of_the_catalogue_is_here():
    """None is left out, none is left over."""
    assert CASES.keys() == WANTING.keys()


@pytest.mark.parametrize("name", WANTING)
def test_the_missing_condition_is_named(name: str):
    """Its kind, what was seen and what is needed."""
    kind, words = WANTING[name]
    found = missing(name)
    nearest_ways = [link for link in shortfall(found) if link.ends]

    assert kind == found[0].kind
    assert any(words in sentence(link, IN_UTC) for link in nearest_ways), [
        sentence(link, IN_UTC) for link in nearest_ways
    ]


@pytest.mark.parametrize("name", WANTING)
def test_what_was_recorded_changes_nothing(name: str):
    """The recorder's outcome is the rules' own, and each of its events has the decision behind it."""
    case = CASES[name]
    compiled = configured(**dict(case.environ)) if case.environ else SHIPPED
    traces = []
    recorder, memory = Recorder(traces.append), NOTHING
    for frame in frames(chain(case.cause), case.step_s):
        memory = recorder.process_frame(compiled, memory, frame).memory
    made = [(event.type, trace.behind(event)) for trace in traces for event in trace.outcome.events]

    assert name in {event for event, _ in made}
    assert all(decision is not None for _, decision in made)
    assert 0 < sum(tally_reached(compiled, traces, name))


def tally_reached(compiled, traces, name: str) -> list[int]:
    """Return how often each way to an event was gone."""
    tallies = [Tally(goal) for goal in goals_of(compiled, "ups", name)]
    for trace in traces:
        for tally in tallies:
            tally.observe(trace)
    return [tally.reached for tally in tallies]
