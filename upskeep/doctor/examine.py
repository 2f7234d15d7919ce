"""Every check in order. A check is a function from a patient to findings; it raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from upskeep.doctor import installation, machine
from upskeep.doctor.finding import Finding, Patient

Check = Callable[[Patient], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    installation.configuration,
    machine.buses,
    installation.broker,
    installation.influxdb,
    installation.ledgers,
    machine.permissions,
    machine.disk,
    machine.clock,
)


def examine(patient: Patient) -> Iterator[Finding]:
    """Yield what every check finds, as soon as it is found."""
    for check in CHECKS:
        yield from check(patient)
