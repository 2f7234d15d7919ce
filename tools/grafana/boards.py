"""The dashboards, as tables. Colours and steps follow ``config/event_processor.yaml`` as it is shipped."""

from __future__ import annotations

from tools.grafana.model import OF_DEVICE, Board, Kind, Mark, Panel, Query, Row, select

Steps = tuple[tuple[float | None, str], ...]

LINES, NOW, BARS, STATES, TABLE = Kind.LINES, Kind.NOW, Kind.BARS, Kind.STATES, Kind.TABLE
FINE: Steps = ((None, "green"),)
CHARGE: Steps = ((None, "red"), (20, "orange"), (50, "green"))
STALE_AIR: Steps = ((None, "green"), (1000, "orange"), (1500, "red"))
SCORE: Steps = ((None, "red"), (60, "orange"), (80, "green"))
NONE_IS_BEST: Steps = ((None, "green"), (1, "orange"))
MAINS = (("true", "mains", "green"), ("false", "battery", "orange"))
QUALITY = (
    ("good", "good", "green"),
    ("suspect", "suspect", "orange"),
    ("stale", "stale", "yellow"),
    ("bad", "bad", "red"),
)

LOST = "\"type\" = 'AC_POWER_LOSS'"
BACK = f"\"type\" = 'AC_POWER_RESTORED' AND {OF_DEVICE}"
VPD = f"\"type\" = 'sensor.vpd' AND {OF_DEVICE}"
FAILED = f"\"type\" = 'I2C_ERROR' AND {OF_DEVICE}"
READINGS = "\"category\" = 'sensor'"
NO_READING = "\"category\" != 'sensor'"
LIMITS = '"type" =~ /^(sensor\\.threshold\\..*|TEMPERATURE_HIGH)$/'
NEWEST = "ORDER BY time DESC LIMIT 200"


def newest(field: str) -> Query:
    """Return a channel's last value of each device."""
    return select(f'last("{field}")', "reading", OF_DEVICE, per="device")


def course(field: str, function: str = "mean", fill: str = "null") -> Query:
    """Return a channel over time, a series a device."""
    return select(f'{function}("{field}")', "reading", OF_DEVICE, per="device", over_time=fill)


def hours(field: str, function: str, name: str) -> Query:
    """Return what the hourly means say of a channel over time."""
    where, alias = OF_DEVICE, f"$tag_device {name}"
    return select(f'{function}("{field}")', "reading_1h", where, per="device", over_time="none", alias=alias)


def happened(where: str, per: str) -> Query:
    """Return how many events there were over time, a series for each value of a tag."""
    return select('count("id")', "event", where, per=per, over_time="none")


def now(title: str, field: str, unit: str, steps: Steps = FINE) -> Panel:
    """Return a channel's last value, a device each."""
    return Panel(title, NOW, unit, (newest(field),), 4, 4, steps=steps)


def channel(title: str, field: str, unit: str, width: int = 12, about: str = "") -> Panel:
    """Return a channel over time."""
    return Panel(title, LINES, unit, (course(field),), width, about=about)


def count(title: str, measurement: str, field: str, where: str) -> Panel:
    """Return how many points fulfil a condition."""
    return Panel(title, NOW, "short", (select(f'count("{field}")', measurement, where, alias=title),), 4, 4,
                 steps=NONE_IS_BEST)  # fmt: skip


def bars(title: str, where: str, per: str, width: int = 12) -> Panel:
    """Return how many events there were over time, stacked."""
    return Panel(title, LINES, "short", (happened(where, per),), width, stacked=True)


def history(title: str, field: str, unit: str) -> Panel:
    """Return the hourly means of a channel, with the least and the greatest."""
    kinds = (("mean", "mean", "mean"), ("min", "min", "least"), ("max", "max", "greatest"))
    queries = tuple(hours(f"{field}_{kept}", function, name) for kept, function, name in kinds)
    return Panel(title, LINES, unit, queries, about="Hourly means, kept when the readings have gone")


def table(title: str, columns: str, measurement: str, where: str = "") -> Panel:
    """Return the newest points that fulfil a condition."""
    return Panel(title, TABLE, "", (select(columns, measurement, where, more=NEWEST),), 24, 9)


def events(title: str, where: str) -> Panel:
    """Return the newest events that fulfil a condition."""
    return table(title, '"type", "severity", "device", "data"', "event", where)


POWER = Board("upskeep-power", "Upskeep: power", "Mains, batteries and what hangs on them", (
    Row("Now", (
        Panel("Fed by", NOW, "", (newest("ac_present"),), 4, 4, names=MAINS),
        now("Charge", "state_of_charge", "percent", CHARGE),
        now("Battery", "battery_voltage", "volt"),
        now("Current", "battery_current", "amp"),
        count("Mains lost", "event", "id", f"{LOST} AND {OF_DEVICE}"),
        Panel("Mains there", NOW, "percentunit",
              (select('mean("ac_present_mean")', "reading_1h", OF_DEVICE, per="device"),), 4, 4,
              about="Share of the time, by whole hours"),
    )),
    Row("Over time", (
        Panel("Fed by", STATES, "", (course("ac_present", "last"),), 24, 5, names=MAINS),
        channel("Charge", "state_of_charge", "percent"),
        channel("Battery voltage", "battery_voltage", "volt"),
        channel("Battery current", "battery_current", "amp", about="Positive charges"),
        channel("Battery power", "battery_power", "watt", about="Positive charges"),
        channel("Processor temperature", "cpu_temperature", "celsius", 24),
    )),
    Row("What happened", (
        events("Power and battery", f'"category" =~ /^(power|battery)$/ AND {OF_DEVICE}'),
        Panel("How long outages lasted", LINES, "s",
              (select('max("outage_s")', "event", BACK, per="device", over_time="none"),), 24, 6, stacked=True),
    )),
    Row("Long term", (
        history("Battery voltage", "battery_voltage", "volt"),
        history("Charge", "state_of_charge", "percent"),
        history("Processor temperature", "cpu_temperature", "celsius"),
        Panel("Mains there", LINES, "percentunit", (hours("ac_present_mean", "mean", "mains"),)),
    )),
), (
    Mark("Mains", "AC_POWER_LOSS|AC_POWER_RESTORED", "orange"),
    Mark("Battery", "BATTERY_LOW|BATTERY_CRITICAL|BATTERY_RECOVERED", "red"),
))  # fmt: skip

CLIMATE = Board("upskeep-climate", "Upskeep: climate", "Air, light and soil, and their limits", (
    Row("Now", (
        now("Air", "air_temperature", "celsius"),
        now("Humidity", "relative_humidity", "humidity"),
        Panel("Vapour pressure deficit", NOW, "pressurekpa",
              (select('last("value")', "event", VPD, per="device"),), 4, 4),
        now("CO₂", "co2", "ppm", STALE_AIR),
        now("Light", "illuminance", "lux"),
        now("Soil", "soil_moisture", "percent"),
    )),
    Row("Over time", (
        channel("Air temperature", "air_temperature", "celsius"),
        channel("Relative humidity", "relative_humidity", "humidity"),
        Panel("Vapour pressure deficit", LINES, "pressurekpa",
              (select('mean("value")', "event", VPD, per="device", over_time="null"),)),
        channel("CO₂", "co2", "ppm"),
        channel("Illuminance", "illuminance", "lux"),
        channel("Soil moisture", "soil_moisture", "percent"),
    )),
    Row("What happened", (events("Limits passed, and back", f"{LIMITS} AND {OF_DEVICE}"),)),
    Row("Long term", (
        history("Air temperature", "air_temperature", "celsius"),
        history("Relative humidity", "relative_humidity", "humidity"),
        history("CO₂", "co2", "ppm"),
        history("Illuminance", "illuminance", "lux"),
    )),
), (Mark("Limits", "sensor\\.threshold\\..*", "orange"),))  # fmt: skip

EVENTS = Board("upskeep-events", "Upskeep: events and counters", "Every event, counted once", (
    Row("Counted", (
        Panel("Totals", BARS, "short", (select('last("total")', "counter", per="type"),), 12, 12,
              about="Since the counting began, of types that were counted in this time"),
        Panel("In this time", BARS, "short", (select('count("id")', "event", NO_READING, per="type"),), 12, 12,
              about="Without the events of single readings"),
    )),
    Row("Over time", (
        bars("Events by type", NO_READING, "type"),
        bars("Events by severity", NO_READING, "severity"),
        bars("Events by device", NO_READING, "device"),
        Panel("Totals", LINES, "short", (select('last("total")', "counter", per="type", over_time="none"),)),
        bars("Events of readings", READINGS, "type", 24),
    )),
    Row("The newest", (events("Events", NO_READING), events("Critical", "\"severity\" = 'critical'"))),
), by_device=False)  # fmt: skip

HEALTH = Board("upskeep-health", "Upskeep: suite health", "The score, alerts, failures, and whether readings come", (
    Row("Now", (
        Panel("Health", NOW, "short", (select('last("score")', "health", alias="score"),), 4, 4, steps=SCORE),
        Panel("Grade", NOW, "", (select('last("grade")', "health", alias="grade"),), 4, 4),
        count("Alerts fired", "alert", "value", "\"state\" = 'firing'"),
        count("Failed polls", "event", "id", FAILED),
        Panel("Readings", NOW, "short", (select('count("quality")', "reading", OF_DEVICE, per="device"),), 8, 4),
        Panel("Last reading of each device", TABLE, "", (
              select('last("quality") AS "quality"', "reading", OF_DEVICE, per="device"),), 24, 6,
              about="In the time shown; what it says now is no fresher than this"),
    )),
    Row("Over time", (
        Panel("Health", LINES, "short", (select('mean("score")', "health", over_time="null", alias="score"),)),
        Panel("Readings", LINES, "short", (course("quality", "count", "0"),), about="How many an interval"),
        bars("Failed polls", FAILED, "device"),
        Panel("Quality of readings", STATES, "", (course("quality", "last"),), names=QUALITY),
        Panel("Alerts", LINES, "short", (select('count("value")', "alert", per="state", over_time="none"),), 24, 6,
              about="How many came into each state", stacked=True),
    )),
    Row("What happened", (
        table("Alerts", '"rule", "key", "state", "severity", "value", "threshold", "message"', "alert"),
        events("System and devices", '"category" =~ /^(system|device)$/'),
    )),
))  # fmt: skip

BOARDS = (POWER, CLIMATE, EVENTS, HEALTH)
