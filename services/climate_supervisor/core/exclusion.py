"""Never two opposed actuators at once: heater and cooler, humidifier and dehumidifier, of one zone.

Rules:
1. An actuator that is on stays on; an opposed one is refused. Where both are new, neither is switched on.
2. No actuator is switched on before all opposed ones are known to be off, not only ordered off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.climate_supervisor.core.guards import Case, Verdict
from services.climate_supervisor.core.reasons import Reason
from services.climate_supervisor.core.shadow import known_off


def exclude(cases: Mapping[str, Case], verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Return the verdicts, with off for every actuator that would run against another."""
    return {name: _held(name, cases, verdicts) for name in verdicts}


def _held(name: str, cases: Mapping[str, Case], verdicts: Mapping[str, Verdict]) -> Verdict:
    verdict, case = verdicts[name], cases[name]
    if verdict.level <= 0:
        return verdict
    against = [other for other in cases if _opposes(case, cases[other])]
    running = case.shadow.times.on_since_s is not None
    for other in against:
        theirs = cases[other]
        off = known_off(theirs.shadow, theirs.binding, theirs.now_s)
        if verdicts[other].level > 0 and not (running and off):
            return replace(verdict, level=0.0, reason=Reason.OPPOSED, text=f"{other} is wanted on, too")
        if not off:
            return replace(verdict, level=0.0, reason=Reason.OPPOSITE_NOT_OFF, text=f"{other} is not known to be off")
    return verdict


def _opposes(mine: Case, theirs: Case) -> bool:
    same_zone = mine.binding.actuator.zone == theirs.binding.actuator.zone
    return same_zone and mine.binding.actuator.row.opposes is theirs.kind
