"""Why an actuator has its level: a code for each reason, in the order of the guards."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reasons of a verdict. An earlier one wins over a later one."""

    EMERGENCY_STOP = "emergency_stop"
    HEAT_EMERGENCY = "heat_emergency"
    NO_DEMAND = "no_demand"
    LEASE_LAPSED = "lease_lapsed"
    SIMULATED_READINGS = "simulated_readings"
    NO_SENSOR = "no_sensor"
    NEVER_HEARD = "never_heard"
    STALE_BY_RECEIPT = "stale_by_receipt"
    STALE_BY_SOURCE = "stale_by_source"
    FROM_THE_FUTURE = "from_the_future"
    BAD_QUALITY = "bad_quality"
    NO_VALUE = "no_value"
    OUT_OF_RANGE = "out_of_range"
    SPIKE = "spike"
    STUCK = "stuck"
    WARMING_UP = "warming_up"
    SENSORS_DISAGREE = "sensors_disagree"
    TOO_HOT = "too_hot"
    TOO_COLD = "too_cold"
    TOO_HUMID = "too_humid"
    TOO_DRY = "too_dry"
    CO2_ENOUGH = "co2_enough"
    VENTING = "venting"
    MOIST_ENOUGH = "moist_enough"
    ACTUATOR_FAILED = "actuator_failed"
    UNAVAILABLE = "unavailable"
    MAX_ON = "max_on"
    HOUR_BUDGET = "hour_budget"
    DAY_BUDGET = "day_budget"
    RESTING = "resting"
    OPPOSED = "opposed"
    OPPOSITE_NOT_OFF = "opposite_not_off"
    DEMANDED = "demanded"


# A controller that keeps its own rules never causes these: each is a ``safety.violation`` when it begins.
VIOLATIONS = frozenset(
    {
        Reason.TOO_HOT, Reason.TOO_COLD, Reason.TOO_HUMID, Reason.TOO_DRY, Reason.CO2_ENOUGH, Reason.VENTING,
        Reason.MOIST_ENOUGH, Reason.MAX_ON, Reason.HOUR_BUDGET, Reason.DAY_BUDGET, Reason.OPPOSED,
    }
)  # fmt: skip
