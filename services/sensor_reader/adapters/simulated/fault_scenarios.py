"""Scenarios of faults on the bus, one kind each: what must come out is no event of the battery that was none.

One I2C_ERROR is reported for every poll that failed, however often it was tried; what a retry hides makes none.
"""

from __future__ import annotations

from services.sensor_reader.adapters.simulated.bus import Fault
from services.sensor_reader.adapters.simulated.script import Phase, Scenario
from services.sensor_reader.adapters.simulated.world import Conditions

NO_MAINS = Conditions(mains=False)
NOISE, ONE_BYTE = Fault("noise"), Fault("noise", times=1)
GAUGE = b"\x02"  # VCELL and SOC of a MAX1704x, in one transaction
DIP = Fault("lying", command=GAUGE, shows=bytes.fromhex("7d001900"))  # 2.5 V and 25 %
ONES = Fault("lying", command=GAUGE, shows=bytes.fromhex("ffffffff"))

FAULTS = (
    Scenario(
        "dead_chip",
        "the UPS's chips stop answering for three minutes, are asked less and less often, and come back",
        (Phase(10), Phase(180, fault=Fault("absent")), Phase(80)),
        charge=0.97,
    ),
    Scenario(
        "stuck_bus",
        "something holds the bus low for a minute: every transfer times out; then it lets go",
        (Phase(10), Phase(60, fault=Fault("stuck")), Phase(80)),
        charge=0.97,
    ),
    Scenario(
        "crc_storm",
        "bits flip on the wires: now and then, which a retry hides, then in every answer for half a minute",
        (Phase(10), Phase(10, fault=ONE_BYTE), Phase(5), Phase(30, fault=NOISE), Phase(65)),
        charge=0.97,
        board="pijuice",
    ),
    Scenario(
        "lying_register",
        "the gauge acknowledges and says what cannot be: a spike to 2.5 V, later all ones for 20 s",
        (Phase(20), Phase(2, fault=DIP), Phase(18), Phase(20, fault=ONES), Phase(60)),
        charge=0.97,
        board="geekworm_x1201",
    ),
    Scenario(
        "torn_words",
        "the bytes of every word are of two moments while the battery empties; they are read until they agree",
        (Phase(10), Phase(120, NO_MAINS, Fault("torn")), Phase(60)),
        charge=0.97,
        board="pisugar_3",
    ),
    Scenario(
        "frozen_gauge",
        "the mains are away and the chips go on answering, but what they say has stopped 30 s into it",
        (Phase(30), Phase(30, NO_MAINS), Phase(700, NO_MAINS, Fault("frozen")), Phase(60, NO_MAINS), Phase(60)),
        charge=0.9,
    ),
)
