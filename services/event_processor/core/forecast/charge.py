"""A battery's charge from one reading to the next; ``follow`` is a pure function.

Most readings only add to the sum of what flowed (``Track``). Every ``SETTLE_S``, and at once when the load steps, the
sum is settled into the estimate (``Charge``), which is then corrected by voltage, gauge, and a full or empty battery.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

from services.event_processor.core.forecast.curves import Curve, charge_at, slope, voltage
from services.event_processor.core.forecast.kalman import Belief, correct, correct_capacity, flow

LONGEST_GAP_S = 600.0  # a longer gap is a silence, unless the device's own step is longer
FEW_STEPS = 5
SETTLE_S = 10.0  # voltage and percent correct this often: their errors last, and a correction costs time
REST_S = 600.0  # a battery without a load for this long shows its open-circuit voltage
IDLE_SHARE = 0.02  # of the capacity in an hour: a smaller current counts as none
SAG_ERROR = 0.3  # of the sag under load: how far polarization shifts it either way
UNKNOWN_SAG_V = 0.08  # where neither current nor power is known
ERRORS_LAST_S = 3600.0  # an error of voltage under load lasts about this long
MEAN_OVER_S, MEAN_AT_LEAST_S = 1800.0, 60.0
GAUGE_ERROR, GAUGE_ERROR_FULL, GAUGE_LASTS_S = 0.06, 0.12, 3600.0  # a gauge is best near its board's cut-off
GAIN_ERROR, POWER_GAIN_ERROR = 0.01, 0.04  # of a current, and of one computed from a power
STEP_OF_LOAD, STEP_WITHIN_S = 0.15, 60.0  # of the capacity in an hour: a step that shows the resistance
NAMEPLATE_SHARE, NAMEPLATE_ERROR = 0.93, 0.13  # a battery holds this share of its nameplate
UNKNOWN_AH, UNKNOWN_HOURS, UNKNOWN_ERROR = 11.0, 3.0, 0.8  # four 18650 cells; a board that lasts 1 to 7 hours
RESISTANCE_OHM, MOST_OHM, LEAST_WEIGHT = 0.06, 2.0, 0.1  # of one cell in the pack's current, before a step shows it
FULL_SHARE = 0.97
FULL_ERROR = 0.008
EMPTY_ERROR = 0.003  # of the capacity that a whole discharge shows
AGEING_ERROR = 0.008  # from one discharge to the next


class BatteryModel(NamedTuple):
    """The known facts. ``resistance_ohm`` is that of one cell in the pack's current; None: to be learned."""

    curve: Curve
    cells: int = 1
    capacity_ah: float | None = None
    resistance_ohm: float | None = None


class BatteryReading(NamedTuple):
    """One frame: V of the pack, A (positive charges), W into the load, the gauge's percent, whether on battery."""

    elapsed_s: float
    volts: float
    amps: float | None = None
    watts: float | None = None
    percent: float | None = None
    on_battery: bool | None = None
    full: bool = False  # reported by the charger


class Charge(NamedTuple):
    """The estimate. Loads are in units of capacity per hour, negative discharges. ``drawn`` None: not from full."""

    belief: Belief
    volts: float  # of one cell, at the last reading
    load: float  # at the last reading
    mean: float  # of the load since it has had this direction, at most over MEAN_OVER_S
    load_var: float  # of the load about that mean
    resistance: float
    steps: float = 0.0  # of the load that have shown the resistance
    ran_s: float = 0.0  # since the load has had this direction
    rested_s: float = 0.0
    drawn: float | None = None  # since it was full
    lowest: float = 9.0  # V per cell under load in this discharge
    whole: float | None = None  # the amount of the last discharge from full to empty
    wholes: float = 0.0  # how many there were
    through: float = 0.0  # everything ever drawn


class Track(NamedTuple):
    """The memory: the estimate as last settled, the last reading, and the amount that has flowed since."""

    charge: Charge
    volts: float
    load: float
    amount: float = 0.0  # Ah, or hours of load
    seconds: float = 0.0
    step: float = 1e9  # a change of the load as large as this is settled at once
    elapsed_s: float = 0.0  # between the last two readings: the device's own step

    @property
    def now(self) -> Charge:
        """The estimate at the last reading, not corrected by it."""
        return self.charge._replace(
            belief=flow(self.charge.belief, self.amount, GAIN_ERROR), volts=self.volts, load=self.load
        )


def _settled(charge: Charge, elapsed_s: float) -> Track:
    return Track(charge, charge.volts, charge.load, 0.0, 0.0, STEP_OF_LOAD * charge.belief.capacity, elapsed_s)


def load_of(volts: float, amps: float | None, watts: float | None, on_battery: bool | None) -> float:
    """Return the current into the battery in units of its capacity per hour.

    That is A; or -1 while discharging where neither current nor power is known.
    """
    if amps is not None:
        return amps
    if watts is not None:
        return 0.0 if on_battery is False else -watts / max(volts, 0.1)
    return -1.0 if on_battery else 0.0


def sum_up(track: Track, load: float, cell_v: float, elapsed_s: float) -> Track | None:
    """Return the track with the amount since the last reading added; None where it is time to settle."""
    charge, _, before, amount, seconds, step, _ = track
    seconds += elapsed_s
    if seconds >= SETTLE_S or not -step < load - before < step:
        return None
    return Track(charge, cell_v, load, amount + (before + load) * elapsed_s / 7200, seconds, step, elapsed_s)


def follow(battery: BatteryModel, track: Track | None, reading: BatteryReading) -> Track:
    """Return the track after ``reading``; ``track`` is None before the first."""
    if track is None:
        return _settled(_begun(battery, reading), 0.0)
    elapsed_s, volts, amps, watts, _, on_battery, full = reading
    load = load_of(volts, amps, watts, on_battery)
    summed = None if full else sum_up(track, load, volts / battery.cells, elapsed_s)
    if summed is not None:
        return summed
    if elapsed_s > LONGEST_GAP_S and elapsed_s > FEW_STEPS * track.elapsed_s:
        charge = track.now._replace(load=load, mean=load, load_var=0.0, ran_s=0.0)
        return _settled(_woken(battery, reading, charge), elapsed_s)
    charge, before_v, before, amount, seconds, _, _ = track
    amount += (before + load) * elapsed_s / 7200
    seconds += elapsed_s
    charge = _resisted(battery, charge, before_v, before, reading, load)
    return _settled(_settle(battery, charge, reading, load, amount, seconds), elapsed_s)


def _begun(battery: BatteryModel, reading: BatteryReading) -> Charge:
    load = load_of(reading.volts, reading.amps, reading.watts, reading.on_battery)
    measured = reading.amps is not None or reading.watts is not None
    if battery.capacity_ah is not None and measured:
        capacity, error = battery.capacity_ah * NAMEPLATE_SHARE, NAMEPLATE_ERROR
    else:
        capacity, error = UNKNOWN_AH if measured else UNKNOWN_HOURS, UNKNOWN_ERROR
    belief = Belief(0.5, log(capacity), 0.3**2, 0.0, error**2)
    resistance = RESISTANCE_OHM if battery.resistance_ohm is None else battery.resistance_ohm
    return _woken(battery, reading, Charge(belief, reading.volts / battery.cells, load, load, 0.0, resistance))


def _woken(battery: BatteryModel, reading: BatteryReading, charge: Charge) -> Charge:
    """Return the charge at the first reading, or the first after a silence: unknown, then corrected by the voltage."""
    if charge.drawn is not None and charge.lowest < battery.curve.empty_v:
        charge = _ran_empty(charge)
    cell, (_, log_capacity, _, _, capacity_var) = reading.volts / battery.cells, charge.belief
    idle = abs(charge.load) < IDLE_SHARE * charge.belief.capacity
    shown = charge_at(battery.curve, cell if idle else cell - charge.load * charge.resistance)
    error = battery.curve.spread_v / max(slope(battery.curve, shown), 0.2) + (0.0 if idle else 0.08)
    belief = Belief(min(max(shown, 0.0), 1.0), log_capacity, min(error, 0.3) ** 2, 0.0, capacity_var)
    charge = charge._replace(belief=belief, volts=cell, drawn=None, lowest=9.0, rested_s=0.0)
    return _filled(charge) if reading.full or (idle and shown >= FULL_SHARE) else charge


def _filled(charge: Charge) -> Charge:
    belief = charge.belief
    certain = Belief(1.0, belief.log_capacity, FULL_ERROR**2, 0.0, belief.capacity_var)
    return charge._replace(belief=certain, drawn=0.0, lowest=9.0)


def _ran_empty(charge: Charge) -> Charge:
    """Return the charge of a battery that ran empty: if the discharge began full, the amount drawn is the capacity."""
    whole = charge.drawn
    if not whole or whole <= 0:
        return charge._replace(drawn=None, lowest=9.0)
    belief = correct_capacity(charge.belief, log(whole) - charge.belief.log_capacity, EMPTY_ERROR**2)
    emptied = Belief(0.0, belief.log_capacity, 0.01**2, 0.0, belief.capacity_var + AGEING_ERROR**2)
    return charge._replace(belief=emptied, drawn=None, lowest=9.0, whole=whole, wholes=charge.wholes + 1)


def _settle(
    battery: BatteryModel, charge: Charge, reading: BatteryReading, load: float, amount: float, seconds: float
) -> Charge:
    belief = flow(charge.belief, amount, GAIN_ERROR if reading.amps is not None else POWER_GAIN_ERROR)
    idle, cell = IDLE_SHARE * belief.capacity, reading.volts / battery.cells
    discharging = load < -idle
    mean, load_var, ran_s = _mean_load(charge, load, seconds, idle)
    rested_s = 0.0 if abs(load) >= idle else charge.rested_s + seconds
    if seconds > 0:
        rested, sag = rested_s >= REST_S, load * charge.resistance
        belief = _corrected(battery.curve, belief, reading, cell, sag, rested, seconds)
    charge = Charge(  # in the order of its fields: _replace takes five times as long
        belief,
        cell,
        load,
        mean,
        load_var,
        charge.resistance,
        charge.steps,
        ran_s,
        rested_s,
        None if charge.drawn is None else charge.drawn - amount,
        min(charge.lowest, cell) if discharging else charge.lowest,
        charge.whole,
        charge.wholes,
        charge.through - min(amount, 0.0),
    )
    if reading.full:
        return _filled(charge)
    if not discharging and charge.drawn is not None and charge.lowest < battery.curve.empty_v:
        return _ran_empty(charge)
    return charge


def _mean_load(charge: Charge, load: float, elapsed_s: float, idle: float) -> tuple[float, float, float]:
    """Return the mean of the load, its variance, and how long it has had this direction (or been idle)."""
    if _direction(charge.mean, idle) != _direction(load, idle):
        return load, 0.0, 0.0
    ran_s = charge.ran_s + elapsed_s
    weight = elapsed_s / (min(max(ran_s, MEAN_AT_LEAST_S), MEAN_OVER_S) + elapsed_s)
    off = load - charge.mean
    return charge.mean + weight * off, (1 - weight) * (charge.load_var + weight * off * off), ran_s


def _direction(load: float, idle: float) -> int:
    return 0 if abs(load) < idle else 1 if load > 0 else -1


def _resisted(
    battery: BatteryModel, charge: Charge, before_v: float, before: float, reading: BatteryReading, load: float
) -> Charge:
    """Return the charge with the resistance that a step of the load shows; the first steps count most.

    The reading before the step gives the voltage under the old load.
    """
    capacity = charge.belief.capacity
    if before < -IDLE_SHARE * capacity and before_v < charge.lowest:
        charge = charge._replace(lowest=before_v)
    step = load - before
    if battery.resistance_ohm is not None or reading.elapsed_s > STEP_WITHIN_S:
        return charge
    if abs(step) < STEP_OF_LOAD * capacity:
        return charge
    seen = (reading.volts / battery.cells - before_v) / step
    if not 0 < seen < MOST_OHM:
        return charge
    steps = charge.steps + 1
    weight = max(1 / (steps + 0.5), LEAST_WEIGHT)
    return charge._replace(resistance=charge.resistance + (seen - charge.resistance) * weight, steps=steps)


def _corrected(
    curve: Curve, belief: Belief, reading: BatteryReading, cell_v: float, sag: float, rested: bool, since_s: float
) -> Belief:
    error = curve.spread_v if rested else curve.spread_v + 0.04 + SAG_ERROR * abs(sag)
    if reading.amps is None and reading.watts is None and not rested:
        error += UNKNOWN_SAG_V
    surprise = cell_v - sag - voltage(curve, belief.charge)
    belief = correct(belief, surprise, slope(curve, belief.charge), error**2 * ERRORS_LAST_S / since_s)
    if reading.percent is None:
        return belief
    percent = reading.percent / 100
    error = GAUGE_ERROR + GAUGE_ERROR_FULL * percent
    return correct(belief, percent - belief.charge, 1.0, error**2 * GAUGE_LASTS_S / since_s)
