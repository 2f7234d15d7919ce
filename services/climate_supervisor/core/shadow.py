"""The shadow of an actuator: what it was sent and answered, whether it draws power, how long it has been on.

Rules:
1. An order is settled once: confirmed by a state that arrived after it, or failed. An acknowledgement alone confirms
   nothing where the template has a state: it may be wrong.
2. It counts as on from the moment on is sent until it is known to be off.
3. A meter beats the state: an actuator that reports off and draws power is on; one that reports on and draws none has
   failed.
4. Times are seconds of the monotonic clock; ``shared.on_times`` takes those that count over a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.climate_supervisor.core.templates import Binding, Report
from shared.on_times import OnTimes


class Fault(StrEnum):
    """The faults of an actuator; the ``error_code`` of ``device.error``."""

    REFUSED = "E_REFUSED"
    NOT_ACKNOWLEDGED = "E_NOT_ACKNOWLEDGED"
    NOT_CONFIRMED = "E_NOT_CONFIRMED"
    NO_POWER = "E_NO_POWER"
    STILL_DRAWS = "E_STILL_DRAWS"
    CHANGED_BY_OTHERS = "E_CHANGED_BY_OTHERS"


@dataclass(frozen=True, slots=True)
class Sent:
    """The newest order. ``renewed_s``: when it was last repeated, which renews its lease.

    ``falls_to`` is the level that it carries for the end of its lease.
    """

    level: float
    command: str
    at_s: float
    renewed_s: float
    falls_to: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an order failed or a state is wrong."""

    fault: Fault
    text: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A settled order: confirmed, or failed."""

    sent: Sent
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Shadow:
    """The state of one actuator. ``settled``: whether ``sent`` is confirmed or failed.

    ``failure`` is its last failure. It is kept until ``retry_after_s`` after the actuator works again.
    """

    available: bool | None = None
    on: bool | None = None
    step: float | None = None
    heard_s: float | None = None
    power_w: float | None = None
    power_s: float | None = None
    sent: Sent | None = None
    acknowledged: bool = False
    settled: bool = False
    refusal: str | None = None
    failure: Failure | None = None
    times: OnTimes = field(default_factory=OnTimes)

    @property
    def level(self) -> float | None:
        """The level that it reports; None before its first report."""
        if self.on is False:
            return 0.0
        return (1.0 if self.on else None) if self.step is None else self.step


UNKNOWN = Shadow()


def take_report(shadow: Shadow, report: Report, now_s: float, *, retained: bool) -> Shadow:
    """Return the shadow with one more answer. A retained answer may be of any age and settles no order."""
    if report.available is not None:
        shadow = replace(shadow, available=report.available)
    if report.on is not None or report.level is not None:
        shadow = replace(
            shadow,
            on=shadow.on if report.on is None else report.on,
            step=shadow.step if report.level is None else report.level,
            heard_s=shadow.heard_s if retained else now_s,
        )
    if report.power_w is not None and not retained:
        shadow = replace(shadow, power_w=report.power_w, power_s=now_s)
    mine = shadow.sent is not None and report.command in (None, shadow.sent.command)
    if mine and not retained and report.acknowledged:
        shadow = replace(shadow, acknowledged=True)
    if mine and not retained and report.refusal is not None:
        shadow = replace(shadow, refusal=report.refusal)
    return shadow


def send(shadow: Shadow, level: float, command: str, now_s: float, falls_to: float = 0.0) -> Shadow:
    """Return the shadow after an order; the same level again only renews the lease."""
    sent = shadow.sent
    if sent is not None and (sent.level, sent.command, sent.falls_to) == (level, command, falls_to):
        return replace(shadow, sent=replace(sent, renewed_s=now_s))
    return replace(
        shadow,
        sent=Sent(level, command, now_s, now_s, falls_to),
        acknowledged=False,
        settled=False,
        refusal=None,
        times=shadow.times.began(now_s) if level > 0 else shadow.times,
    )


def known_off(shadow: Shadow, binding: Binding, now_s: float) -> bool:
    """Return whether the actuator is certainly off: by its report, a lapsed lease, or the time passed."""
    sent, actuator = shadow.sent, binding.actuator
    if draws(shadow, binding):
        return False
    if sent is not None and binding.template.lease == "device" and sent.falls_to == 0:
        on_sent_s = sent.renewed_s if sent.level > 0 else None
        if on_sent_s is not None and now_s - on_sent_s > actuator.lease_s + actuator.confirmed_within_s:
            return True
    if sent is not None and sent.level > 0:
        return False
    if binding.template.state:
        return shadow.level == 0 and (sent is None or _heard_since(shadow, binding, sent, now_s))
    return sent is not None and now_s - sent.at_s >= actuator.confirmed_within_s


def _heard_since(shadow: Shadow, binding: Binding, sent: Sent, now_s: float) -> bool:
    """Return whether the reported state is newer than the order.

    Some firmware reports only changes and cannot be queried: there a state that stays unchanged for a while counts.
    """
    if shadow.heard_s is not None and shadow.heard_s >= sent.at_s:
        return True
    settled = now_s - sent.at_s >= binding.actuator.acknowledged_within_s
    return settled and not binding.template.query and shadow.level is not None


def draws(shadow: Shadow, binding: Binding) -> bool:
    """Return whether its meter shows more than standby power; False without a meter."""
    return shadow.power_w is not None and shadow.power_w > binding.actuator.idle_below_w


def follow_order(shadow: Shadow, binding: Binding, now_s: float) -> tuple[Shadow, Ended | None]:
    """Return the shadow at ``now_s``, and its order if it was settled in this step."""
    shadow = _count_on_time(shadow, binding, now_s)
    sent = shadow.sent
    if sent is None or shadow.settled:
        return _watched(shadow, binding, now_s), None
    failure = _failed(shadow, binding, sent, now_s)
    if failure is not None:
        return replace(shadow, settled=True, failure=failure), Ended(sent, failure)
    if not _confirmed(shadow, binding, sent, now_s):
        return shadow, None
    return replace(shadow, settled=True), Ended(sent, None)


def _confirmed(shadow: Shadow, binding: Binding, sent: Sent, now_s: float) -> bool:
    if binding.template.state:
        return _heard_since(shadow, binding, sent, now_s) and _agrees(shadow, binding, sent)
    return shadow.acknowledged or binding.template.acknowledgement is None


def _agrees(shadow: Shadow, binding: Binding, sent: Sent) -> bool:
    level = shadow.level
    if level is None or (level > 0) != (sent.level > 0):
        return False
    return binding.actuator.steps == 1 or abs(level - sent.level) <= 0.5 / binding.actuator.steps + 0.01


def _failed(shadow: Shadow, binding: Binding, sent: Sent, now_s: float) -> Failure | None:
    """Return why the order has failed; None while it has not."""
    actuator, waited_s = binding.actuator, now_s - sent.at_s
    if shadow.refusal is not None:
        return Failure(Fault.REFUSED, f"it refused: {shadow.refusal}", now_s)
    if _confirmed(shadow, binding, sent, now_s):
        return None
    acknowledges = binding.template.acknowledgement is not None
    if acknowledges and not shadow.acknowledged and waited_s > actuator.acknowledged_within_s:
        if not binding.template.state or waited_s > actuator.confirmed_within_s:
            return Failure(Fault.NOT_ACKNOWLEDGED, f"no answer within {waited_s:.0f} s", now_s)
    elif binding.template.state and waited_s > actuator.confirmed_within_s:
        reported = "nothing" if shadow.level is None else f"{shadow.level:.0%}"
        lied = " It acknowledged the order." if shadow.acknowledged else ""
        text = f"ordered {sent.level:.0%}, it reports {reported} after {waited_s:.0f} s.{lied}"
        return Failure(Fault.NOT_CONFIRMED, text, now_s)
    return None


def _watched(shadow: Shadow, binding: Binding, now_s: float) -> Shadow:
    """Return the shadow with the failure, if any, of a settled order against the present report and power."""
    sent = shadow.sent
    if sent is None:
        return shadow
    failure = _mismatch(shadow, binding, sent, now_s)
    if failure is None:
        past = shadow.failure
        over = past is not None and now_s - past.at_s >= binding.actuator.retry_after_s
        return replace(shadow, failure=None) if over and _confirmed(shadow, binding, sent, now_s) else shadow
    if shadow.failure is not None and shadow.failure.fault is failure.fault:
        return replace(shadow, failure=replace(shadow.failure, at_s=now_s))
    return replace(shadow, failure=failure)


def _mismatch(shadow: Shadow, binding: Binding, sent: Sent, now_s: float) -> Failure | None:
    actuator = binding.actuator
    fresh = shadow.power_s is not None and shadow.power_s >= sent.at_s + actuator.confirmed_within_s
    if fresh and sent.level > 0 and not draws(shadow, binding):
        text = f"ordered {sent.level:.0%}, it draws {shadow.power_w:g} W"
        return Failure(Fault.NO_POWER, text, now_s)
    if fresh and sent.level == 0 and draws(shadow, binding):
        return Failure(Fault.STILL_DRAWS, f"ordered off, it draws {shadow.power_w:g} W", now_s)
    if binding.template.state and shadow.level is not None and not _agrees(shadow, binding, sent):
        text = f"ordered {sent.level:.0%}, it reports {shadow.level:.0%}"
        return Failure(Fault.CHANGED_BY_OTHERS, text, now_s)
    return None


def _count_on_time(shadow: Shadow, binding: Binding, now_s: float) -> Shadow:
    if known_off(shadow, binding, now_s):
        return replace(shadow, times=shadow.times.ended(now_s))
    seen_on = (shadow.level or 0) > 0 or draws(shadow, binding)
    return replace(shadow, times=shadow.times.began(now_s)) if seen_on else shadow
