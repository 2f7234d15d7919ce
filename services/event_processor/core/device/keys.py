"""The names of the built-in rules' latches, numbers and words in a memory; a site's own rules may not use them."""

from __future__ import annotations

ON_BATTERY = "on_battery"
STARTED = "started_on_battery"
OUTAGE = "outage"
LOW = "battery_low"
CRITICAL = "battery_critical"
CHARGING = "charging"
SESSION = "charging_session"
CHARGED = "charged"
TAPER = "charging_taper"
OVER = "cell_over"
UNDER = "cell_under"
METER = "meter"
RESISTANCE = "resistance"
DRAIN = "drain"
CAPACITY = "capacity"
QUALITY = "quality"
FORECAST = "forecast"
DAILY_LOAD = "daily_load"
GAUGE = "gauge"
LIFE = "battery_life"
MONTHS = "battery_months"
DOUBTED = "doubted_channels"
TREND = "voltage_trend"
RISING = "voltage_rising"
SINKING = "voltage_sinking"

OWNERS = {  # latch → the section of the rules that moves it
    ON_BATTERY: "power",
    STARTED: "power",
    LOW: "battery",
    CRITICAL: "battery",
    OVER: "cell_limits",
    UNDER: "cell_limits",
    CHARGING: "charging",
    SESSION: "charging",
    CHARGED: "charging",
    TAPER: "charging",
    RISING: "voltage_trend",
    SINKING: "voltage_trend",
}
SHOWN = (ON_BATTERY, LOW, CRITICAL, CHARGING)  # latches of the state's ``active``, before the named rules
RESERVED = frozenset(
    {
        *SHOWN,
        SESSION,
        CHARGED,
        TAPER,
        STARTED,
        OUTAGE,
        OVER,
        UNDER,
        METER,
        RESISTANCE,
        DRAIN,
        CAPACITY,
        QUALITY,
        FORECAST,
        DAILY_LOAD,
        GAUGE,
        LIFE,
        MONTHS,
        DOUBTED,
        TREND,
        RISING,
        SINKING,
    }
)
