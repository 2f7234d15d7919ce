"""What NUT says, and what it means here. Names, words and units: NUT docs/nut-names.txt, new-drivers.txt, RFC 9271.

``docs/nut.md`` is made from these tables. Each word says which event it leads to, after how long, and what a policy of
the host agent makes of it; ``tests/unit/sensor_reader/test_nut_table.py`` holds that against the shipped rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A word of ``ups.status``: what it says, and what is so while it is not there.

    ``event`` and ``dwell_s``: what event_processor emits, and after how long (None: nothing). ``policy``: what
    host_agent does. ``why``: where that comes from, or why nothing follows.
    """

    word: str
    says: Mapping[str, bool]
    otherwise: Mapping[str, bool] = field(default_factory=dict)
    event: str | None = None
    dwell_s: float | None = None
    policy: str = ""
    why: str = ""


def _flag(word: str, channel: str, event: str | None = None, dwell_s: float | None = None, *, policy: str = "",
          why: str = "") -> Word:  # fmt: skip
    return Word(word, {channel: True}, {channel: False}, event, dwell_s, policy, why)


WORDS = (
    Word("OL", {"ac_present": True}, event="AC_POWER_RESTORED", dwell_s=5, policy="ends a countdown",
         why="upsmon ONLINE"),
    Word("OB", {"ac_present": False}, event="AC_POWER_LOSS", dwell_s=2, policy="the policies for a supply on battery",
         why="upsmon ONBATT"),
    Word("CHRG", {"charging": True}, event="CHARGING_STARTED", why="the battery takes charge"),
    Word("DISCHRG", {"charging": False},
         why="an inverter at work, also on mains (nut#2215): OL and OB alone say whether the mains are there"),
    _flag("LB", "battery_low", "BATTERY_LOW", 0,
          policy="`low_word`: shuts down where neither charge nor runtime is known",
          why="upsmon LOWBATT; counts while the battery is in use, for some say LB on mains (nut#2190)"),
    _flag("HB", "battery_high", why="in the state only: the charger's business, and no limit of ours"),
    _flag("RB", "replace_battery", "BATTERY_REPLACE", 60, why="upsmon REPLBATT"),
    _flag("OVER", "overload", "OVERLOAD", 5, why="upsmon OVER"),
    _flag("BYPASS", "bypass", "UPS_BYPASS", 5, why="upsmon BYPASS: powered, not protected"),
    _flag("CAL", "calibrating", "UPS_CALIBRATION", 0,
          why="upsmon CAL; OB and LB mean nothing meanwhile, for the UPS drains its battery by choice"),
    _flag("BOOST", "boosting", "MAINS_REGULATED", 30, why="upsmon BOOST; the mains are there, and too low"),
    _flag("TRIM", "trimming", "MAINS_REGULATED", 30, why="upsmon TRIM; the mains are there, and too high"),
    Word("OFF", {"output_on": False}, {"output_on": True}, "DC_OUTPUT_LOSS", 30,
         why="upsmon OFF, OFFDURATION 30 s; not where the same poll shows an output with a load (nut#2278)"),
    _flag("FSD", "forced_shutdown", "FORCED_SHUTDOWN", 0, policy="`forced_shutdown`: shuts down at once, on mains too",
          why="upsmon FSD: a primary is about to cut the power"),
    _flag("ALARM", "alarm", "UPS_ALARM", 5, why="upsmon ALARM; `ups.alarm` is the text"),
)  # fmt: skip

# What NUT says otherwise than by a word of its own, for the page.
OTHER_WORDS = (
    # word      what it means here
    ("WAIT", "a driver that has not yet asked the UPS: nothing is known"),
    ("TEST", "no word of today's drivers: a test shows in `ups.test.result`, as `self_test`"),
    ("ECO", "passed over: the load is fed by the mains in every mode that has the word (`HE`, `ESS` too)"),
    ("COMM", "upsmon's COMMBAD and NOCOMM: `COMM_LOST` after 15 s without an answer, `DATA_STALE` for stale data"),
)


@dataclass(frozen=True, slots=True)
class Variable:
    """Variables that are a number in the unit of our channel; NUT's units are ours throughout.

    The first of ``names`` that is there counts. ``phases``: what the channel is made of where the UPS reports phases
    (``#`` is its number) and none of ``names``; ``of_phases`` makes one figure of them.
    """

    channel: str
    names: tuple[str, ...]
    phases: tuple[str, ...] = ()
    of_phases: str = "lowest"


VARIABLES = (
    Variable("state_of_charge", ("battery.charge",)),
    Variable("battery_voltage", ("battery.voltage",)),
    Variable("battery_temperature", ("battery.temperature",)),
    Variable("runtime_left_s", ("battery.runtime",)),
    Variable("input_voltage", ("input.voltage",),
             ("input.L#-N.voltage", "input.L#.voltage", "input.L1-L2.voltage input.L2-L3.voltage input.L3-L1.voltage")),
    Variable("input_current", ("input.current",), ("input.L#.current",), "highest"),
    Variable("input_power", ("input.realpower",), ("input.L#.realpower",), "sum"),
    Variable("input_frequency", ("input.frequency",)),
    Variable("output_voltage", ("output.voltage",),
             ("output.L#-N.voltage", "output.L#.voltage",
              "output.L1-L2.voltage output.L2-L3.voltage output.L3-L1.voltage")),
    Variable("output_current", ("output.current",), ("output.L#.current",), "highest"),
    Variable("output_frequency", ("output.frequency",)),
    Variable("output_load", ("ups.load",), ("output.L#.power.percent",), "highest"),
    Variable("output_power", ("ups.realpower", "output.realpower"), ("output.L#.realpower",), "sum"),
    Variable("apparent_power", ("ups.power",), ("output.L#.power",), "sum"),
    Variable("board_temperature", ("ups.temperature",)),
    Variable("air_temperature", ("ambient.temperature", "ambient.1.temperature")),
    Variable("relative_humidity", ("ambient.humidity", "ambient.1.humidity")),
)  # fmt: skip

STATUS = "ups.status"
CURRENT = "battery.current"  # its sign is each driver's own, so it is taken from the status
CHARGER = "battery.charger.status"
CHARGER_SAYS = {"charging": True, "discharging": False, "floating": False, "resting": False}
STARTING = "WAIT"  # a driver that has not yet asked the UPS
ALARM_TEXT = "ups.alarm"
TEST_RESULT = "ups.test.result"

# Figures that stand for "not known" in the devices' own protocols: all ones of 16 bits, as seconds and as minutes, of
# 31 and 32 bits. A charge or a load of 255 is all ones too.
NOT_KNOWN: Mapping[str, frozenset[float]] = {
    "runtime_left_s": frozenset({65535.0, 65535.0 * 60, 2.0**31 - 1, 2.0**32 - 1}),
    "state_of_charge": frozenset({255.0}),
    "output_load": frozenset({255.0}),
}

# What all other variables of docs/nut-names.txt mean here, by their beginnings.
PASSED_OVER = (
    # begins with        why nothing follows
    ("device.", "says which device it is, and not how it is"),
    ("driver.", "says how the driver is set up"),
    ("server.", "says which server answers"),
    ("ups.delay., ups.timer., ups.start., ups.shutdown, ups.watchdog.", "settings; a countdown that runs shows as FSD"),
    ("ups.test.interval, ups.test.date", "settings and dates; what a test found is read from `ups.test.result`"),
    (
        "….nominal",
        (
            "the nameplate: a battery voltage of more than four times the nominal one is not believed, nor a load above"
            " 100 % that nothing bears out; `ups.power.nominal` gives a load where there is none, and the current above"
            " which `OVERCURRENT_DETECTED` follows"
        ),
    ),
    ("….low, ….high, ….warning, ….critical, ….status", "the device's own limits: it raises OVER, LB or ALARM by them"),
    ("….minimum, ….maximum", "extremes of the past"),
    ("input.transfer., input.sensitivity, input.quality", "settings, and words that differ from maker to maker"),
    (
        "input.bypass., output.bypass., output.inverter.",
        "beside the way that the power takes; BYPASS says when it does",
    ),
    ("battery.date, battery.mfr.date, battery.type, battery.packs", "what is installed; it asks by RB to be replaced"),
    ("battery.energysave, battery.protection, battery.alarm.threshold", "settings"),
    (
        "ambient.n. beyond the first, ambient….alarm",
        "one climate sensor a UPS is read; read others by drivers of yours",
    ),
    ("outlet.", "single outlets; the load is judged as a whole"),
)


@dataclass(frozen=True, slots=True)
class TestResult:
    """How texts of ``ups.test.result`` begin or what they hold, in small letters, and what they say."""

    part: str
    says: str


TEST_RESULTS = (
    TestResult("in progress", "running"),
    TestResult("done and passed", "passed"),
    TestResult("passed", "passed"),
    TestResult("ok", "passed"),
    TestResult("done and warning", "failed"),
    TestResult("done and error", "failed"),
    TestResult("failed", "failed"),
    TestResult("bad battery", "failed"),
)
