"""*Now*: is it on mains, how long would the battery last, what is wrong, and each device as a tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import htpy as h

from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.sparkline import course
from services.gateway.core.pages.words import channel_name, headline, plural, span_text, value_text
from services.gateway.core.view import View
from shared.messages import Alert, AlertState, DeviceState
from shared.quantities import QUANTITIES

CHARGE = ("state_of_charge", "estimated_charge")
RUNTIME = ("estimated_runtime_low_s", "runtime_left_s", "estimated_runtime_s", "usual_runtime_low_s")
DRAWN = (*CHARGE, "battery_voltage", "air_temperature", "cpu_temperature", "relative_humidity", "output_voltage")
LISTED = (  # what a tile shows without being opened, the first four that are there
    "battery_voltage",
    "output_power",
    "battery_power",
    "output_load",
    "battery_temperature",
    "air_temperature",
    "relative_humidity",
    "vapour_pressure_deficit",
    "co2",
    "cpu_temperature",
    "load_average",
    "disk_free",
)
MOST_LISTED = 4
ACTIVE = (AlertState.FIRING, AlertState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by both clocks."""

    at_s: float
    wall: datetime


def now_content(view: View, moment_: Moment, root: str) -> h.Node:
    """Return the page's content."""
    shown = sorted(filter(is_shown, view.states()), key=lambda state: (state.power is None, state.device))
    return [
        _glance(view, shown, moment_),
        _wrong(view, root),
        h.h2["Devices"],
        h.div(".tiles")[(_tile(view, state, moment_) for state in shown)]
        if shown
        else h.p["No device has been heard of yet. The suite publishes each device as soon as it is read."],
    ]


def is_shown(state: DeviceState) -> bool:
    """Whether a device has anything to show: a known quantity, or a supply."""
    return state.power is not None or state.battery is not None or any(name in QUANTITIES for name in state.values)


def first_of(state: DeviceState, channels: Sequence[str]) -> tuple[str, float] | None:
    """Return the first of these channels that the device has a number for."""
    for name in channels:
        value = state.values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return name, float(value)
    return None


def _glance(view: View, states: Sequence[DeviceState], moment_: Moment) -> h.Node:
    supplies = [state for state in states if state.power is not None or state.battery is not None]
    silent = [s for s in supplies if view.is_stale(s.device, moment_.at_s, moment_.wall)]
    heard = [s for s in supplies if s not in silent]
    on_battery = [s for s in heard if s.power == "battery"]
    if on_battery:
        lasts = [found[1] for s in on_battery if (found := first_of(s, RUNTIME)) is not None]
        words = f"On battery: {', '.join(s.device for s in on_battery)}"
        return h.p(".glance.bad")[words, h.span[f"at least {span_text(min(lasts))} left"] if lasts else None]
    if heard and all(s.power == "mains" for s in heard):
        lasts = [found[1] for s in heard if (found := first_of(s, RUNTIME)) is not None]
        runtime = h.span[f"the battery would last at least {span_text(min(lasts))}"] if lasts else None
        return [h.p(".glance.good")["On mains", runtime], _silent(silent)]
    if silent:
        return _silent(silent)
    return h.p(".glance.unknown")["No UPS says whether the mains are there" if states else "Nothing has been heard yet"]


def _silent(silent: Sequence[DeviceState]) -> h.Node:
    if not silent:
        return None
    return h.p(".glance.unknown")[f"Not known: {', '.join(s.device for s in silent)} is silent"]


def _wrong(view: View, root: str) -> h.Node:
    active = [alert for alert in view.alerts() if alert.state in ACTIVE]
    down = [status.service for status in view.statuses() if status.state != "online" and status.service != "gateway"]
    if not active and not down:
        return h.p(".calm")["Nothing is wrong: no alert fires, and every service is online."]
    return [
        h.h2[plural(len(active), "alert fires", "alerts fire")] if active else None,
        h.ul(".wrong")[
            (_alert(alert, root) for alert in sorted(active, key=_rank)[:20]),
            (h.li(".error")[h.strong[name], " is not online"] for name in down),
        ],
    ]


def _rank(alert: Alert) -> tuple[int, str]:
    return ("critical", "error", "warning", "info").index(str(alert.severity)), alert.rule


def _alert(alert: Alert, root: str) -> h.Element:
    seen = h.span(".badge")["acknowledged"] if alert.state is AlertState.ACKNOWLEDGED else None
    link = h.a(href=f"{root}/alerts#{alert.rule}-{alert.key}")[headline(alert)]
    return h.li(f".{alert.severity}")[
        h.span(".badge.severity")[str(alert.severity)], " ", link, " since ", moment(alert.since), " ", seen
    ]


def _tile(view: View, state: DeviceState, moment_: Moment) -> h.Element:
    age = view.age_s(state.device, moment_.at_s, moment_.wall) or 0.0
    stale = view.is_stale(state.device, moment_.at_s, moment_.wall)
    tone = "stale" if stale else _tone(state)
    drawn, supply = first_of(state, DRAWN), _supply(state, stale)
    return h.article(f".tile.{tone}", aria_labelledby=f"tile-{state.device}")[
        h.h3(id=f"tile-{state.device}")[state.device, h.span(".zone")[state.zone] if state.zone else None],
        h.p(".supply")[supply] if supply else None,
        _charge(state),
        course(view.traces.course(state.device, drawn[0]), drawn[0], simulated=state.simulated) if drawn else None,
        _values(state),
        h.p(".age")[
            "silent for " if stale else "heard ",
            h.span(data_age=f"{age:.0f}")[span_text(age)],
            "" if stale else " ago",
            h.span(".badge")["simulated"] if state.simulated else None,
            h.span(".badge.warning")[str(state.quality)] if state.quality != "good" else None,
        ],
    ]


def _tone(state: DeviceState) -> str:
    if state.power == "battery" or state.battery == "critical":
        return "bad"
    return "warn" if state.battery == "low" or state.active or state.quality != "good" else "good"


def _supply(state: DeviceState, stale: bool) -> str:
    supply = {"mains": "On mains", "battery": "On battery", None: ""}[state.power]
    battery = {"low": "battery low", "critical": "battery critical", "ok": "", None: ""}[state.battery]
    charging = "charging" if state.charging else ""
    words = ", ".join(word for word in (supply, battery, charging) if word)
    return f"Last known: {words[:1].lower()}{words[1:]}" if stale and words else words


def _charge(state: DeviceState) -> h.Node:
    charge = first_of(state, CHARGE)
    if charge is None:
        return None
    share = min(max(charge[1], 0.0), 100.0)
    runtime = first_of(state, RUNTIME)
    return [
        h.p(".big")[f"{share:.0f} %", h.span[f"at least {span_text(runtime[1])}"] if runtime else None],
        h.svg(".bar", viewBox="0 0 100 4", preserveAspectRatio="none", aria_hidden="true")[
            h.rect(".track", width="100", height="4"), h.rect(".level", width=f"{share:.1f}", height="4")
        ],
    ]


def _values(state: DeviceState) -> h.Node:
    numbers = {name: value for name, value in state.values.items() if name in QUANTITIES}
    listed = [name for name in LISTED if name in numbers][:MOST_LISTED]
    rest = [name for name in sorted(state.values) if name not in listed][:200]
    return [
        h.dl[(_pair(name, state) for name in listed)] if listed else None,
        h.details(id=f"all-{state.device}")[
            h.summary[plural(len(rest), "more value", "more values")], h.dl[(_pair(name, state) for name in rest)]
        ]
        if rest
        else None,
    ]


def _pair(channel: str, state: DeviceState) -> h.Node:
    return h.div[h.dt[channel_name(channel)], h.dd[value_text(channel, state.values[channel])]]
