"""What services answer, as JSON, for the pages that show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.unit.gateway.heard import NOON

AT = NOON.isoformat()
REPORT: dict[str, Any] = {
    "since": (NOON - timedelta(days=7)).isoformat(),
    "as_of": AT,
    "observed_days": 6.9,
    "total_events": 158,
    "event_types": [
        {"type": "sensor.vpd", "category": "sensor", "severity": "info", "count": 140, "last": AT},
        {"type": "AC_POWER_LOSS", "category": "power", "severity": "warning", "count": 12, "last": AT},
        {"type": "I2C_ERROR", "category": "system", "severity": "error", "count": 4, "last": AT},
        {"type": "BATTERY_CRITICAL", "category": "battery", "severity": "critical", "count": 2, "last": AT},
    ],
    "timeline": {
        "unit": "day",
        "pieces": [
            {
                "start": (NOON - timedelta(days=7 - day)).isoformat(),
                "by_severity": {"info": 20, "warning": day % 4, "error": day % 3, "critical": int(day == 4)},
            }
            for day in range(7)
        ],
    },
    "latest_events": [{"time": AT, "type": "AC_POWER_LOSS", "severity": "warning", "text": "ups is on battery"}],
}
CLIMATE: dict[str, Any] = {
    "zones": {
        "tent": {
            "mode": "vpd_perfection",
            "vpd": 1.31,
            "target": 1.1,
            "band": 0.1,
            "sensor": "tent",
            "stage": "vegetative",
            "day": True,
            "paused_until": None,
            "actuators": {
                "humidifier": "on: the VPD of 1.31 kPa is above its band of 1.00 to 1.20 kPa",
                "exhaust": "30 %: air for the plants",
            },
        }
    }
}
ACTUATORS: dict[str, Any] = {
    "armed": True,
    "actuators": [
        {"actuator": "humidifier", "zone": "tent", "kind": "humidifier", "since": AT, "armed": True, "ordered": 1.0,
         "level": 1.0, "available": True, "power_w": 38.0, "reason": "demanded", "text": "as demanded"},
        {"actuator": "exhaust", "zone": "tent", "kind": "exhaust", "since": AT, "armed": True, "ordered": 0.3,
         "level": None, "available": False, "reason": "unreachable", "failure": "it has not answered for 40 s"},
    ],
    "stops": [],
    "emergencies": [],
}  # fmt: skip
PLAN: dict[str, Any] = {
    "host": "host",
    "role": "primary",
    "phase": "watching",
    "in_phase_s": 5400.0,
    "why": None,
    "dry_run": False,
    "supplies": [
        {"device": "ups", "power": "mains", "battery": "ok", "charge_percent": 97.0, "runtime_left_s": 5400.0,
         "runtime_is_estimate": True, "heard_s_ago": 0.8, "fresh": True, "on_battery_s": None, "doubt": None},
    ],
    "policies": [
        {"device": "ups", "policy": "battery critical", "cause": "battery_critical", "in_s": None},
        {"device": "ups", "policy": "on battery for 600 s", "cause": "on_battery", "in_s": 240.0},
    ],
    "steps": [
        {"earliest_s": None, "latest_s": None, "what": "warn; wall"},
        {"earliest_s": 30.0, "latest_s": 90.0, "what": "send nas down, and wait"},
    ],
    "obstacles": ["ups: last known on mains"],
}  # fmt: skip

STANDING = {
    "looks_at": "the state of every device",
    "wants": "power is battery, for 1 min",
    "state": "pending",
    "reads": "ups: power is battery",
    "lacks": "it has held for 12 s; 1 min are needed",
}
