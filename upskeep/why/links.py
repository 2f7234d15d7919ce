"""One link of a chain of causes, and the sentence of each kind of link.

A chain is a list of links in the order of causes. ``data`` is plain, so that a link is JSON as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.event_text.values import duration
from shared.quantities import QUANTITIES
from upskeep.text.times import Times

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """``ends``: the chain goes no further from here."""

    kind: str
    data: Data = field(default_factory=dict)
    ends: bool = False

    def as_json(self, times: Times) -> dict[str, Any]:
        """Return the link as a document has it, with its sentence."""
        ends = {"ends": True} if self.ends else {}
        return {"link": self.kind, "text": sentence(self, times), **ends, **self.data}


def sentence(link: Link, times: Times) -> str:
    """Return a link in words."""
    return SENTENCES[link.kind](link.data, times)


def _frame(data: Data, times: Times) -> str:
    words = ", ".join(f"{name} 0x{value & 0xFFFF:04X}" for name, value in (data.get("registers") or {}).items())
    values = ", ".join(f"{name} {quantity(name, value)}" for name, value in data["values"].items())
    parts = [f"words {words}"] if words else []
    parts += [f"values {values}"] if values else []
    parts += [f"errors {', '.join(data['errors'])}"] if data["errors"] else []
    parts += [f"quality {data['quality']}"] if data["quality"] != "good" else []
    return f"at {times.second(data['time'])} {data['device']} gave {'; '.join(parts) or 'nothing'}"


def _no_frame(data: Data, _: Times) -> str:
    return f"{data['because']}; the chain begins at the event's own data"


def _frames_gone(data: Data, _: Times) -> str:
    return f"{data['because']}; which of these conditions was missing, only frames can say"


def _rule(data: Data, _: Times) -> str:
    wants = _wanted(data)
    place = data["section"] if data["rule"] == data["section"] else f"{data['section']}.{data['rule']}"
    return f"rules.{place} of event_processor.yaml" + (f": {wants}" if wants else "")


def _wanted(data: Data) -> str:
    parts = (" or " if data.get("either") else " and ").join(test_words(test) for test in data.get("tests", ()))
    signs = [f"errors {', '.join(data['codes'])}"] if data.get("codes") else []
    signs += [f"quality {', '.join(data['qualities'])}"] if data.get("qualities") else []
    wants = parts or " or ".join(signs)
    if signs and not data.get("target", True):
        wants = f"no more {wants}"
    return wants


def _value(data: Data, _: Times) -> str:
    shown = "; ".join(
        f"{name(each['channel'])} was {quantity(each['channel'], each['value'])} (needed: {op_words(each)})"
        for each in data["tests"]
    )
    return shown or "what the event says of itself is enough"


def _dwell(data: Data, times: Times) -> str:
    if not data["dwell_s"]:
        return "it need not last: the first frame is enough"
    since = f" since {times.clock(data['since'])}" if data.get("since") else ""
    return f"it had lasted for {duration(data['held_s'])}{since}; {duration(data['dwell_s'])} are needed"


def _gate(data: Data, _: Times) -> str:
    state = "open: nothing spoke against it" if data["open"] else "shut"
    return f"the gate {data['gate']} was {state}"


def _filter(data: Data, _: Times) -> str:
    if data.get("stage"):
        reason = f" ({data['reason']})" if data.get("reason") else ""
        return f"ended in the pipeline at {data['stage']}, {data['code']}{reason}: see pipeline.yaml"
    return "passed every filter of pipeline.yaml"


def _correlation(data: Data, _: Times) -> str:
    if data.get("incident"):
        return f"joined the incident {data['incident'][:8]} of the pattern {data['pattern']}"
    return "is part of no incident"


def _offered(data: Data, _: Times) -> str:
    return f"no rule makes it: {data['by'] or 'a service'} offered it"


def _alert(data: Data, times: Times) -> str:
    states = {
        "firing": f"fires since {times.clock(data['since'])}" if data.get("since") else "fires",
        "acknowledged": "fires, and was acknowledged",
        "pending": f"waits: it must hold for {duration(data['hold_s'])}",
        "resolved": "is over",
        "none": "does not fire by then",
    }
    message = f": {data['message']}" if data.get("message") else ""
    return f"{data['rule']}/{data['key']} {states[data['state']]}{message}"


def _no_alert(_: Data, __: Times) -> str:
    return "no alert rule looks at this type; alerts.yaml and event_counters.yaml can have one"


def _transition(data: Data, times: Times) -> str:
    return (
        f"{data['rule']}/{data['key']} became {data['state']} at {times.clock(data['time'])} ({words(data['reason'])})"
    )


def _muted(data: Data, _: Times) -> str:
    return f"{data['receiver']} is not notified ({words(data['reason'])}): {data['what']}"


def _route(data: Data, _: Times) -> str:
    where = "the root route" if data["route"] == "0" else f"route {data['route']}"
    return f"{where} leads to {data['receiver']}, {duration(data['in_s'])} after it fires"


def _notice(data: Data, times: Times) -> str:
    return f"to {data['receiver']} at {times.clock(data['time'])}: {words(data['reason'])}"


def _no_notice(data: Data, _: Times) -> str:
    return f"none: {data['because']}"


def _delivery(data: Data, _: Times) -> str:
    return f"{data['channel']}: {data['state']}" + (f" ({data['reason']})" if data.get("reason") else "")


def _cause(data: Data, times: Times) -> str:
    return f"{data['type']} of {data['device'] or 'the suite'} at {times.second(data['time'])} (id {data['id']})"


def _sample(data: Data, times: Times) -> str:
    return f"the state of {data['device']} at {times.second(data['time'])}, by its frame of that time"


def _silence(data: Data, times: Times) -> str:
    last = f"the last one came at {times.second(data['time'])}" if data.get("time") else "none ever came"
    return f"nothing that {data['rule']} waits for came in time; {last}"


def _members(data: Data, _: Times) -> str:
    return f"{data['rule']} is made of the rules {', '.join(data['members'])}"


# ---- what was missing


def _standing(data: Data, times: Times) -> str:
    since = f" since {times.second(data['since'])}" if data.get("since") else ""
    return f"it was so already{since}, and is reported once; its end must come first"


def _dwell_short(data: Data, times: Times) -> str:
    values = _seen(data, times)
    longest = f"held for {duration(data['held_s'])} at most, until {times.clock(data['until'])}"
    return f"{longest}; {duration(data['dwell_s'])} are needed" + (f" ({values})" if values else "")


def _gate_shut(data: Data, _: Times) -> str:
    return f"the gate {data['gate']} was shut: something said that it need not be reported now"


def _first(data: Data, _: Times) -> str:
    return f"the first frame of a boot must say so ({_wanted(data)}); it did not"


def _session(data: Data, _: Times) -> str:
    return f"the values were there ({_wanted(data)}), but no session or spell was under way that they could end"


def _value_short(data: Data, times: Times) -> str:
    return f"never {_wanted({**data, 'tests': data['missing']})}: {_seen(data, times)}"


def _seen(data: Data, times: Times) -> str:
    return ", ".join(
        f"{_nearest(each)}{name(each['channel'])} was {quantity(each['channel'], each['value'])}"
        f" at {times.clock(each['at'])}"
        for each in data.get("seen", ())
    )


def _nearest(each: Data) -> str:
    return {"above": "the highest ", "at least": "the highest ", "below": "the lowest ", "at most": "the lowest "}.get(
        each["op"], ""
    )


def _no_answer(data: Data, _: Times) -> str:
    wanted = "a number" if data["op"] == "number" else op_words(data)
    return f"{data['channel']} was {data['value']!r}, which is no answer; {wanted} is needed"


def _code(data: Data, _: Times) -> str:
    found = [*data["found_codes"], *(f"quality {quality}" for quality in data["found_qualities"])]
    return f"no frame bore {_wanted(data)}; there were {', '.join(found) or 'no errors at all'}"


def _quality(data: Data, _: Times) -> str:
    return f"the frames were {', '.join(data['found_qualities'])}: the rule looks only at frames that can be believed"


def _not_begun(_: Data, __: Times) -> str:
    return "nothing had begun that this could end"


def _channel(data: Data, _: Times) -> str:
    channels = [name(channel) for channel in data["channels"]]
    frames = f"{data['frames']:,} frame{'' if data['frames'] == 1 else 's'}"
    if len(channels) == 1:
        return f"{channels[0]} is needed; none of {frames} gave what the rule can use"
    if data.get("either"):
        return f"{' or '.join(channels)} is needed; none of {frames} gave one"
    return f"{' and '.join(channels)} are needed in one frame; none of {frames} gave all"


def _no_rule(data: Data, _: Times) -> str:
    return f"no rule of {data['device']} makes {data['type']}: it comes from a service, a controller or a script"


def _alert_rule(data: Data, _: Times) -> str:
    return f"{data['rule']} looks at {data['looks_at']}; it wants {data['wants']}"


def _missing_alert(data: Data, times: Times) -> str:
    until = f", until {times.second(data['until'])}" if data.get("until") else ""
    reads = f"{data['reads']}; " if data.get("reads") else ""
    return f"{reads}{data['lacks']}{until}"


def _fired(data: Data, times: Times) -> str:
    return f"it did fire: {data['state']} since {times.second(data['since'])}"


def _no_device(data: Data, _: Times) -> str:
    return f"no frame of {data['device'] or 'any device'} came in that time"


def _happened(data: Data, times: Times) -> str:
    return f"it did happen, at {times.second(data['time'])} (id {data['id']})"


def _others(data: Data, _: Times) -> str:
    return f"{data['count']} more ways to it were further off: {', '.join(data['rules'])}"


def _shutdown(data: Data, _: Times) -> str:
    return str(data["text"])


SENTENCES: dict[str, Callable[[Data, Times], str]] = {
    "read": _frame,
    "no_frame": _no_frame,
    "frames_gone": _frames_gone,
    "rule": _rule,
    "value": _value,
    "dwell": _dwell,
    "gate": _gate,
    "offered": _offered,
    "filter": _filter,
    "correlation": _correlation,
    "no_alert": _no_alert,
    "alert": _alert,
    "transition": _transition,
    "muted": _muted,
    "route": _route,
    "notice": _notice,
    "no_notice": _no_notice,
    "delivery": _delivery,
    "cause": _cause,
    "sample": _sample,
    "silence": _silence,
    "members": _members,
    "missing.standing": _standing,
    "missing.dwell": _dwell_short,
    "missing.gate": _gate_shut,
    "missing.first": _first,
    "missing.session": _session,
    "missing.value": _value_short,
    "missing.no_answer": _no_answer,
    "missing.code": _code,
    "missing.quality": _quality,
    "missing.not_begun": _not_begun,
    "missing.channel": _channel,
    "missing.no_rule": _no_rule,
    "missing.no_device": _no_device,
    "happened": _happened,
    "alert_rule": _alert_rule,
    "missing.alert": _missing_alert,
    "fired": _fired,
    "others": _others,
    "shutdown": _shutdown,
}


def test_words(test: Data) -> str:
    """Return ``battery voltage below 3.6 V``."""
    return f"{name(test['channel'])} {op_words(test)}"


def op_words(test: Data) -> str:
    """Return ``below 3.6 V``, ``is false``."""
    op, level = test["op"], test.get("level")
    if op == "number":
        return "a number"
    if op == "changed":
        return "another value"
    if test.get("share_of"):
        return f"{op} {level:g} × {name(test['share_of'])}"
    shown = quantity(test["channel"], level)
    return f"{op} {shown}" if op not in ("is", "is not") else f"{'not ' if op == 'is not' else ''}{shown}"


def quantity(channel: str, value: Any) -> str:
    """Return a value with its unit, a flag as true or false."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, int | float):
        return str(value)
    known = QUANTITIES.get(channel)
    unit = "V/h a cell" if channel == "voltage_slope" else known.unit if known else ""
    digits = 3 if known is None else max(known.decimals, 2)
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:g}"
    return f"{'0' if text == '-0' else text} {unit}".strip()


def name(channel: str) -> str:
    """Return a channel as it stands: it is a key of frames and rules."""
    return channel


def words(reason: str) -> str:
    """Return a reason's key in words."""
    return reason.replace("_", " ")
