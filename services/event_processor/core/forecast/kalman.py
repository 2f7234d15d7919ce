"""A Kalman filter of two numbers: state of charge, and the logarithm of the capacity.

Two numbers suffice: charge is linear in what flows, and capacity enters only by its inverse. Resistance is measured
apart (``charge``), where a step of the load shows it.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple


class Belief(NamedTuple):
    """``charge`` 0 to 1, ``log_capacity`` of Ah (or of hours of load), and their covariances."""

    charge: float
    log_capacity: float
    charge_var: float
    cross: float
    capacity_var: float

    @property
    def capacity(self) -> float:
        """The capacity, Ah, or hours of load where no current is known."""
        return exp(self.log_capacity)


def flow(belief: Belief, amount: float, gain_error: float) -> Belief:
    """Return the belief after ``amount`` (Ah; positive charges) has flowed; ``gain_error`` is its relative error."""
    charge, log_capacity, charge_var, cross, capacity_var = belief
    share = amount * exp(-log_capacity)
    return Belief(
        charge + share,
        log_capacity,
        charge_var - 2 * share * cross + share * share * (capacity_var + gain_error * gain_error),
        cross - share * capacity_var,
        capacity_var,
    )


def correct(belief: Belief, surprise: float, gradient: float, variance: float) -> Belief:
    """Return the belief after a measurement that differs by ``surprise`` from its expected value.

    ``gradient``: the derivative of the expected value by the charge; ``variance`` of the measurement, its unit squared.
    """
    charge, log_capacity, charge_var, cross, capacity_var = belief
    spread = gradient * gradient * charge_var + variance
    for_charge, for_capacity = charge_var * gradient / spread, cross * gradient / spread
    return Belief(
        charge + for_charge * surprise,
        log_capacity + for_capacity * surprise,
        charge_var - for_charge * gradient * charge_var,
        cross - for_charge * gradient * cross,
        capacity_var - for_capacity * gradient * cross,
    )


def correct_capacity(belief: Belief, surprise: float, variance: float) -> Belief:
    """Return the belief after a measurement of the capacity, whose logarithm differs by ``surprise``."""
    charge, log_capacity, charge_var, cross, capacity_var = belief
    spread = capacity_var + variance
    for_capacity, for_charge = capacity_var / spread, cross / spread
    return Belief(
        charge + for_charge * surprise,
        log_capacity + for_capacity * surprise,
        charge_var - for_charge * cross,
        cross - for_charge * capacity_var,
        capacity_var - for_capacity * capacity_var,
    )


def remaining(belief: Belief) -> tuple[float, float]:
    """Return the charge left in Ah (or hours of load) and its standard deviation."""
    charge, log_capacity, charge_var, cross, capacity_var = belief
    capacity = exp(log_capacity)
    left = max(charge, 0.0)
    variance = capacity * capacity * (charge_var + left * left * capacity_var + 2 * left * cross)
    return left * capacity, max(variance, 0.0) ** 0.5
