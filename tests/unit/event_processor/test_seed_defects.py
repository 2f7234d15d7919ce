"""What the two specifications' sample code gets wrong about detecting and validating, and what happens here instead.

A: the event system's; B: the event counters'. The numbers are those of the list of defects.
"""

from __future__ import annotations

import pytest

from services.event_processor.core.pipeline.candidates import Refusal, admit
from services.event_processor.core.process import triggers_of
from shared.messages import Candidate, Event, Quality, Trigger
from tests.support.event_flow import events_of, offered, planned, processor
from tests.support.scenarios import SHIPPED, START, configured, frame, run, series, told


def taken(**offer: object) -> Event | Refusal:
    """Return what becomes of an offer."""
    return admit(SHIPPED, "controller", Candidate.model_validate(offer), START)


def test_a2_what_is_emitted_inside_and_what_comes_from_outside_is_one_kind_of_event():
    """Both have type, time, category, severity, site and data, by the same model."""
    inside, outside = run([frame(0, co2=500)])[0][0], taken(type="device.error")

    assert type(inside) is type(outside) is Event
    assert inside.model_fields_set == outside.model_fields_set


def test_a3_an_offer_without_a_time_is_dated_and_not_dropped():
    """It is stamped when it arrives: id, time, category."""
    event = taken(type="control.vpd.action_required", data={"current_vpd": 1.9, "target_vpd": 1.2})

    assert isinstance(event, Event)
    assert (START, "control") == (event.time, event.category)
    assert event.id


def test_a6_every_name_the_text_uses_is_in_one_catalogue_and_any_other_is_counted_as_unknown():
    """Both names of the VPD target, both of an action's outcome, the sensor that was never listed."""
    names = (
        "control.target.updated", "control.target.vpd_updated", "device.action.executed", "device.action.success",
        "device.action.failed", "sensor.maintenance.calibration_due", "sensor.vpd", "sensor.humidity",
    )  # fmt: skip
    stray = taken(type="sensor.calibration_due")

    assert [] == [name for name in names if name not in SHIPPED.catalogue]
    assert isinstance(stray, Refusal)
    assert stray.report is not None
    assert ("system.event.unknown", "sensor.calibration_due") == (stray.report.type, stray.report.data["offered_type"])


def test_a7_an_offer_is_validated_before_anything_else_is_done_with_it():
    """Data of the wrong kind is refused with the field's name, and no event comes of it."""
    refused = taken(type="control.automation.paused", data={"estimated_duration": "1h"})

    assert isinstance(refused, Refusal)
    assert refused.report is None
    assert "data.estimated_duration must be a number, s (got '1h')" in refused.reason


def test_a17_the_vpd_is_of_one_poll_and_of_nothing_that_cannot_be_believed():
    """Never a new temperature with an old humidity, never of a bad frame, and its quality is told."""
    apart = [frame(0, "room", air_temperature=20), frame(1, "room", relative_humidity=50)]
    bad = [frame(0, "room", quality=Quality.BAD, air_temperature=20, relative_humidity=50)]
    suspect = [frame(0, "room", quality=Quality.SUSPECT, air_temperature=20, relative_humidity=50)]
    vpds = [[e.data["quality"] for e in run(frames)[0] if e.type == "sensor.vpd"] for frames in (apart, bad, suspect)]

    assert [[], [], ["suspect"]] == vpds


def test_a18_a_level_that_is_passed_is_emitted_once_and_not_with_every_reading():
    """Two minutes beyond it, with a wobble inside the hysteresis: one event."""
    air = series("relative_humidity", (70, 85), (5, 79), (70, 85))

    assert ["sensor.threshold.exceeded"] == [e.type for e in run(air)[0] if "threshold" in e.type]


def test_a26_what_must_last_fifteen_minutes_is_judged_by_time_and_not_by_samples():
    """A dead sensor is told although no sample of it ever comes again: by the frames that say it is dead."""
    frames = [frame(0, "room", co2=500), *(frame(60 * n, "room", quality=Quality.BAD) for n in range(1, 3))]

    assert ["COMM_LOST", "sensor.quality.changed"] == [e.type for e in run(frames)[0]][1:]


def test_a30_how_long_something_lasted_is_never_negative():
    """Nor does a clock that is set back lengthen or shorten what lies between two frames."""
    frames = [*series("co2", (70, 1600)), *(frame(n - 5000, co2=500) for n in range(70))]
    cleared = [event for event in run(frames)[0] if event.type == "sensor.threshold.cleared"]

    assert [0] == [event.data["lasted_s"] for event in cleared]


def test_a38_a_calibration_knows_its_date_and_is_due_by_event_time():
    """The sample's own: fifteen days overdue; told again each week, with the days, until it is past thirty."""
    compiled = configured(DEVICES__ROOM__CALIBRATED="{co2: 2025-12-17}", DEVICES__ROOM__CALIBRATE_EVERY_DAYS="30")
    frames = [frame(86400 * n, "room", co2=500) for n in range(30)]
    due = [event for event in run(frames, compiled)[0] if event.type == "sensor.maintenance.calibration_due"]

    assert [15, 21, 28, 35, 42] == [event.data["days_overdue"] for event in due]
    assert ("room.co2", "2025-12-17") == (due[0].data["sensor_id"], due[0].data["last_calibrated"])


def test_a39_what_is_kept_for_sets_of_channels_has_a_bound():
    """A device that shows another channel in every frame fills no memory."""
    compiled = configured()
    run([frame(n, **{f"c{n}": 1.0}) for n in range(600)], compiled)

    assert len(compiled.device_rules("ups").ready) <= 256


def test_b19_a_time_without_a_zone_or_well_ahead_is_refused():
    """It would count as recent for ever."""
    with pytest.raises(ValueError, match="has no zone"):
        Candidate(type="device.error", time="2026-01-31T12:00:00")

    assert isinstance(taken(type="device.error", time="2026-01-31T12:02:00Z"), Refusal)


def test_b22_an_end_tells_how_long_it_was_and_cycles_are_whole_equivalents():
    """Pairs of states: the outage's seconds; the cycle count counts cycles, not charges."""
    restored = run(series("ac_present", (3, True), (10, False), (9, True)))[0][1]
    up_and_down = [frame(n, state_of_charge=50 + abs(n % 40 - 20)) for n in range(120)]

    assert ("AC_POWER_RESTORED", 10) == (restored.type, restored.data["outage_s"])
    assert [] == told(up_and_down)  # three charges, 60 % of a cycle


def test_b23_levels_are_numbers_with_units_hysteresis_and_time():
    """Per cell: 7.15 V are well for one cell and low for two; 27 crossings are one LOW (test_golden)."""
    two = configured(DEVICES__UPS__CELLS="2")
    noisy = [frame(n, battery_voltage=7.19 + n % 2 * 0.1) for n in range(60)]

    assert [] == told(noisy, two)
    assert ["BATTERY_LOW"] == [name for name, _ in told(series("battery_voltage", (60, 7.15)), two)]


def test_b24_a_trigger_is_a_name_and_runs_nothing():
    """The catalogue lists them; they are said after the event and make no event, so no loop; one put in is refused."""
    names = ["profile_update", "accuracy_improvement"]
    event = taken(type="CALIBRATION_PERFORMED")
    assert isinstance(event, Event)
    assert names == [trigger.name for trigger in triggers_of(SHIPPED, [event])]

    with processor(planned()) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="CALIBRATION_PERFORMED", id="c1"))
        offered(stage, ledger, *(Candidate(type=name, id=name) for name in names))
        assert ["CALIBRATION_PERFORMED", "system.event.unknown"] == [each.type for each in events_of(outlet)][:2]
        assert names == [each.name for each in outlet.emitted if isinstance(each, Trigger)]


def test_b25_a_thousand_made_up_types_are_one_counter():
    """A typo in a loop must not fill the ledger with counters."""
    refusals = [taken(type=f"made.up.{n}") for n in range(1000)]

    assert {"system.event.unknown"} == {refusal.report.type for refusal in refusals if refusal.report}
