"""Zones and plans: what contradicts itself is refused at load, with the figures."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.climate.zones import Climate, Kind, Limits, Plan, Span, ZoneActuator

ZONE = {"sensor": "climate", "target_kpa": 1.0}


def climate(zone: dict[str, object], **plans: object) -> Climate:
    """One zone, with plans."""
    return Climate.model_validate({"zones": {"tent": {**ZONE, **zone}}, "plans": plans})


def early_veg(limits: dict[str, object]) -> dict[str, object]:
    """The stage that OpenGrowBox ships: 0.65 to 0.80 kPa inside 23 to 28 °C and 60 to 70 %."""
    return {"stages": [{"name": "early_veg", "day": {"vpd": 0.72, "vpd_range": [0.65, 0.80]}, "limits": limits}]}


BOX = {"temperature": {"low": 23, "high": 28}, "humidity": {"low": 60, "high": 70}}


def test_open_grow_box_11_a_target_out_of_its_own_limits_is_refused_with_the_figures() -> None:
    """0.72 kPa is below anything that 23 to 28 °C and 60 to 70 % can be."""
    with pytest.raises(ValidationError) as error:
        climate({"plan": "cannabis"}, cannabis=early_veg(BOX))

    assert (
        "zones.tent.plan: plan 'cannabis': stage 'early_veg', day: a VPD of 0.72 kPa cannot be reached at 23 to 28 °C "
        "and 60 to 70 %: these give 0.84 to 1.51 kPa"
    ) in str(error.value)


def test_a_target_inside_its_limits_is_taken() -> None:
    """The same stage with room for more humidity."""
    found = climate({"plan": "cannabis"}, cannabis=early_veg(BOX | {"humidity": {"low": 60, "high": 80}}))

    assert "early_veg" == found.plans["cannabis"].at(3).name


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ({"target_kpa": 3.5}, "target_kpa: a VPD of 3.5 kPa cannot be reached at 18 to 32 °C and 30 to 85 %"),
        ({"plan": "none"}, "plan 'none' is not among plans (none)"),
        ({"mode": "Drying"}, "mode Drying needs a drying_plan"),
        ({"mode": "VPD_Perfection"}, "mode VPD_Perfection needs a plan"),
        ({"target_kpa": None}, "give it a plan or a target_kpa"),
        ({"rails_kpa": 0.1}, "rails_kpa 0.1 must be wider than band_kpa 0.1"),
        ({"band_kpa": 0.02}, "greater than or equal to 0.06"),
        ({"actuators": [{"name": "fan", "kind": "exhaust"}] * 2}, "actuators share a name: fan"),
        ({"limits": {"temperature": {"low": 30, "high": 20}}}, "low must be below high (got 30 and 20)"),
    ],
)
def test_what_contradicts_itself_is_refused(zone: dict[str, object], words: str) -> None:
    """Each with what is wrong."""
    with pytest.raises(ValidationError) as error:
        climate(zone)

    assert words in str(error.value)


def test_a_plan_goes_from_stage_to_stage_by_days_and_stays_in_the_last() -> None:
    """A stage without days lasts for ever, so it can only be the last."""
    day = {"vpd": 0.8}
    plan = Plan.model_validate({"stages": [{"name": "a", "days": 2, "day": day}, {"name": "b", "day": day}]})

    assert ["a", "a", "b", "b"] == [plan.at(days).name for days in (0, 1, 2, 400)]
    with pytest.raises(ValidationError, match="stage 'a' has no days, and others follow it"):
        Plan.model_validate({"stages": [{"name": "a", "day": day}, {"name": "b", "day": day}]})


def test_a_leaf_that_is_cooler_than_the_air_moves_what_can_be_reached() -> None:
    """At 25 °C and 60 % a leaf 2 °C cooler has 0.91 kPa in place of 1.27."""
    limits = Limits(temperature=Span(low=24.999, high=25), humidity=Span(low=59.999, high=60))

    assert 1.27 == pytest.approx(limits.deficits_kpa()[0], abs=0.01)
    assert 0.91 == pytest.approx(limits.deficits_kpa(-2)[0], abs=0.01)


def test_dwells_follow_the_kind_unless_given() -> None:
    """A compressor rests for five minutes; a person may want more."""
    assert (180, 300) == (lambda a: (a.runs_s, a.rests_s))(ZoneActuator(name="d", kind=Kind.DEHUMIDIFIER))
    assert 2100 == ZoneActuator(name="d", kind=Kind.DEHUMIDIFIER, min_on_s=2100).runs_s
