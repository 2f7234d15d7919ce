"""*Climate*: each zone's VPD against its band, what each actuator does and why, and who decides it."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

from services.gateway.core.pages.answers import ActuatorsAnswer, ClimateAnswer, ZoneAnswer
from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.lists import table
from services.gateway.core.pages.now import Moment
from services.gateway.core.pages.sparkline import course
from services.gateway.core.pages.words import span_text, value_text
from services.gateway.core.view import View
from shared.actuation import ActuatorState
from shared.safe_text import safe_text

VPD = "vapour_pressure_deficit"
AIR = ("air_temperature", "relative_humidity", "co2")
WIDTH, HEIGHT = 300, 34
DECIDES, COMMANDS = "climate_controller", "climate_supervisor"


def climate_content(
    view: View, moment_: Moment, climate: ClimateAnswer | str, actuators: ActuatorsAnswer | str
) -> h.Node:
    """Return the zones and the actuators; a text in place of an answer says why there is none."""
    return [
        _who(view, moment_),
        _stops(actuators),
        h.p(".banner.warn", role="status")[f"What is decided is not known: {safe_text(climate)}"]
        if isinstance(climate, str)
        else h.div(".tiles.zones")[(_zone(view, moment_, name, zone) for name, zone in sorted(climate.zones.items()))]
        if climate.zones
        else h.p["No zone is configured; docs/climate.md says how."],
        h.h2["Actuators"],
        h.p(".banner.warn", role="status")[f"Where they are is not known: {safe_text(actuators)}"]
        if isinstance(actuators, str)
        else _actuators(actuators.actuators, None if isinstance(climate, str) else climate),
    ]


def band_gauge(vpd: float | None, target: float, band: float | None) -> h.Node:
    """Return a scale with the band, the target and where the VPD is; its words say the same."""
    top = max(2.0, target * 1.6, (vpd or 0.0) * 1.1)

    def at(value: float) -> float:
        return max(0.0, min(value, top)) / top * WIDTH

    low, high = at(target - (band or 0.0)), at(target + (band or 0.0))
    known = "not known" if vpd is None else f"{vpd:.2f} kPa"
    reach = "" if band is None else f", band {max(0.0, target - band):.2f} to {target + band:.2f} kPa"
    words = f"VPD {known}, target {target:.2f} kPa{reach}"
    return h.svg(".band", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=words)[
        h.rect(".track", x=0, y=12, width=WIDTH, height=10, rx=5),
        h.rect(".within", x=f"{low:.1f}", y=12, width=f"{max(2.0, high - low):.1f}", height=10),
        h.line(".target", x1=f"{at(target):.1f}", x2=f"{at(target):.1f}", y1=8, y2=26),
        None if vpd is None else h.circle(".here", cx=f"{min(max(at(vpd), 7.0), WIDTH - 7.0):.1f}", cy=17, r=7),
    ]  # fmt: skip


def _who(view: View, moment_: Moment) -> h.Node:
    """Return which service decides and which commands, and whether they are alive."""
    rows: list[tuple[h.Node, ...]] = []
    for name, does in (
        (DECIDES, "decides what is wanted"),
        (COMMANDS, "has the last word and alone commands actuators"),
    ):
        heard = view.values["status"].get((name,))
        status = next((each for each in view.statuses() if each.service == name), None)
        if heard is None or status is None:
            rows.append((h.code[name], does, h.span(".badge")["never heard of"]))
            continue
        tone = "" if status.state == "online" else ".warning"
        age = moment_.at_s - heard.at_s
        rows.append((h.code[name], does, [h.span(f".badge{tone}")[status.state], " heard ",
                                          h.span(data_age=f"{age:.0f}")[span_text(age)], " ago"]))  # fmt: skip
    return table(
        "Who decides: two services of this suite, over its own broker", ("Service", "What it does", "Now"), rows
    )


def _stops(answer: ActuatorsAnswer | str) -> h.Node:
    if isinstance(answer, str):
        return None
    texts = [
        *(
            f"Emergency stop of {each.zone or 'everything'} by {each.by or 'somebody'}: {each.reason}"
            for each in answer.stops
        ),
        *(f"Heat emergency: {each}" for each in answer.emergencies),
    ]
    armed = None if answer.armed else h.p(".banner.warn", role="status")[
        "The supervisor is not armed: it decides, and really switches nothing."]  # fmt: skip
    return [armed, (h.p(".banner.bad", role="alert")[safe_text(each)] for each in texts[:40])]


def _zone(view: View, moment_: Moment, name: str, zone: ZoneAnswer) -> h.Element:
    device = zone.sensor or ""
    state = next((each for each in view.states() if each.device == device), None)
    stale = state is None or view.is_stale(device, moment_.at_s, moment_.wall)
    off = zone.vpd is None or zone.target is None or (zone.band is not None and abs(zone.vpd - zone.target) > zone.band)
    age = view.age_s(device, moment_.at_s, moment_.wall)
    return h.article(f".tile.{'stale' if stale else 'warn' if off else 'good'}", aria_labelledby=f"z-{name}")[
        h.h2(id=f"z-{name}")[safe_text(name), h.span(".badge")[safe_text(zone.mode)]],
        h.p(".supply")[_where(zone, stale=stale)],
        h.p(".big")["–" if zone.vpd is None else f"{zone.vpd:.2f} kPa",
                    None if zone.target is None else h.span[f"target {zone.target:.2f}"
                                                            + (f" ± {zone.band:.2f}" if zone.band else "")]],
        None if zone.target is None else band_gauge(zone.vpd, zone.target, zone.band),
        None if state is None else course(view.traces.course(device, VPD), VPD, simulated=state.simulated),
        h.dl[
            ([h.div[h.dt["plan"], h.dd[safe_text(zone.stage)]]] if zone.stage else None),
            None if zone.day is None else h.div[h.dt["light"], h.dd["day" if zone.day else "night"]],
            (h.div[h.dt[channel.replace("_", " ")], h.dd[value_text(channel, state.values[channel])]]
             for channel in AIR if state is not None and channel in state.values),
        ],
        h.h3["What is decided"],
        h.ul(".decisions")[(h.li[h.strong[safe_text(each)], " ", safe_text(why)]
                            for each, why in sorted(zone.actuators.items()))]
        if zone.actuators else h.p(".dim")["Nothing has been decided yet."],
        h.p(".age")["sensor ", h.code[safe_text(device)] if device else "not known",
                    " never heard" if age is None else
                    [" heard ", h.span(data_age=f"{age:.0f}")[span_text(age)], " ago"]],
    ]  # fmt: skip


def _where(zone: ZoneAnswer, *, stale: bool) -> h.Node:
    if zone.paused_until is not None:
        return ["paused until ", moment(zone.paused_until)]
    if stale or zone.vpd is None:
        return "no fresh reading"
    if zone.target is None:
        return "no target"
    if zone.band is None or abs(zone.vpd - zone.target) <= zone.band:
        return "in its band" if zone.band is not None else ""
    return "too humid: the VPD is below its band" if zone.vpd < zone.target else "too dry: the VPD is above its band"


def _actuators(states: Sequence[ActuatorState], climate: ClimateAnswer | None) -> h.Node:
    if not states:
        return h.p["No actuator is configured; docs/actuators.md says how."]
    wanted = {} if climate is None else {k: v for zone in climate.zones.values() for k, v in zone.actuators.items()}
    rows = (
        (
            [h.code[each.actuator], h.span(".dim")[f"{each.kind.value} · {each.zone}"]],
            _level(each.ordered),
            [_level(each.level), None if each.power_w is None else h.span(".dim")[f"{each.power_w:.0f} W"]],
            [safe_text(each.text or each.reason.replace("_", " ")),
             h.span(".badge.warning")[safe_text(each.failure)] if each.failure else None,
             h.span(".badge.warning")["does not answer"] if each.available is False else None],
            safe_text(wanted.get(each.actuator, "–")),
            moment(each.since),
        )
        for each in sorted(states, key=lambda each: (each.zone, each.actuator))
    )  # fmt: skip
    heads = ("Actuator", "Ordered", "Reports", "Why, by the supervisor", "Wanted, by the controller", "Since")
    return table("Where each actuator is", heads, rows)


def _level(level: float | None) -> str:
    return "not known" if level is None else "off" if level == 0 else "on" if level == 1 else f"{100 * level:.0f} %"
