"""The scenarios: what mains, load, air and bus do over time, as tables.

Each is meant to cause its events; the tests say which.
"""

from __future__ import annotations

from services.sensor_reader.adapters.simulated.bus import Fault
from services.sensor_reader.adapters.simulated.fault_scenarios import FAULTS
from services.sensor_reader.adapters.simulated.greenhouse import GREENHOUSE_DAY
from services.sensor_reader.adapters.simulated.script import Phase, Scenario
from services.sensor_reader.adapters.simulated.world import Conditions, Pack

HOUR = 3600.0
WORN = Pack(capacity_ah=3.2, resistance_ohm=0.09, charge_a=1.0)
NO_MAINS = Conditions(mains=False)
HEAVY = Conditions(mains=False, load_w=8.0)
DIP = Conditions(supply=0.4, load_w=7.0)
HOT = Conditions(load_w=11.0, cooling=0.9)


def _flaps() -> tuple[Phase, ...]:
    """Twenty blips of a second, a real outage after every fifth."""
    phases: list[Phase] = [Phase(10)]
    for blip in range(1, 21):
        phases += [Phase(1, NO_MAINS), Phase(7 + blip % 3)]
        if blip % 5 == 0:
            phases += [Phase(20, NO_MAINS), Phase(30)]
    return tuple(phases)


_TABLE = (
    Scenario(
        "outage",
        "the mains go for 75 s; a worn, half-charged battery sags below 3.6 V and comes back",
        (Phase(6), Phase(75, HEAVY), Phase(69)),
        charge=0.38,
        pack=WORN,
    ),
    Scenario(
        "brownout",
        "the supply dips and the battery helps out; the deepest dips read as mains lost for a second",
        (Phase(15), Phase(20, DIP), Phase(10), Phase(30, DIP), Phase(1, NO_MAINS), Phase(8, DIP),
         Phase(1, NO_MAINS), Phase(15, DIP), Phase(60)),
        charge=0.97,
    ),
    Scenario(
        "flapping_mains",
        "twenty blips of a second and four outages of 20 s",
        _flaps(),
        charge=0.97,
    ),
    Scenario(
        "full_cycle",
        "on battery from full to below 3.4 V a cell, then charged until full; about six hours",
        (Phase(60), Phase(2.5 * HOUR, NO_MAINS), Phase(3.5 * HOUR)),
        charge=1.0,
        step_s=10.0,
    ),
    Scenario(
        "i2c_faults",
        "single faults that a retry hides, bursts of NACKs and timeouts, and a chip that goes away and comes back",
        (Phase(5), Phase(5, fault=Fault("nack", times=1)), Phase(5), Phase(1, fault=Fault("nack")), Phase(9),
         Phase(3, fault=Fault("nack")), Phase(12), Phase(2, fault=Fault("timeout")), Phase(12),
         Phase(45, fault=Fault("absent")), Phase(30), Phase(20, fault=Fault("frozen")), Phase(11)),
        charge=0.97,
    ),
    Scenario(
        "overheat",
        "the processor works hard with poor cooling: above 60 °C for four minutes, then cool again",
        (Phase(20), Phase(240, HOT), Phase(160)),
        charge=0.97,
    ),
)  # fmt: skip

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in (*_TABLE, *FAULTS, GREENHOUSE_DAY)}
