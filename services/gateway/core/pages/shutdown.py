"""*Shutdown plan*: what each host agent would do now, when, and what keeps its host up. Nothing can be ordered here."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

from services.gateway.core.pages.answers import PlanAnswer, ShutdownStep, Supply
from services.gateway.core.pages.lists import table
from services.gateway.core.pages.words import span_text
from shared.messages import Status
from shared.safe_text import safe_text

WATCHING = "watching"


def shutdown_content(plan: PlanAnswer | str, agents: Sequence[Status]) -> h.Node:
    """Return the plan of the first host agent, or why there is none, and the further agents by their life signs."""
    further = [each for each in agents if each.service != "host_agent"]
    return [
        h.p(".banner.warn", role="status")[safe_text(plan)] if isinstance(plan, str) else _plan(plan),
        [h.h2["Further hosts"], table("By their life signs", ("Agent", "Now", "Phase"), (
            (h.code[each.service], each.state, safe_text(str(each.figures.get("phase", "–"))).replace("_", " "))
            for each in further))] if further else None,
        h.p(".dim")["This page orders nothing. The plan of any host on a terminal: ",
                    h.code["upskeep shutdown-plan --host NAME"], "."],
    ]  # fmt: skip


def _plan(plan: PlanAnswer) -> h.Node:
    tone = "good" if plan.phase == WATCHING else "warn" if plan.phase == "warned" else "bad"
    return [
        h.p(f".glance.{tone}")[
            f"{safe_text(plan.host)}: {safe_text(plan.phase).replace('_', ' ')}",
            h.span[f"{safe_text(plan.role)}, for {span_text(plan.in_phase_s)}"],
        ],
        h.p(".banner.warn", role="status")["A dry run: everything is only said, nothing is done."]
        if plan.dry_run else None,
        h.p["Because ", safe_text(plan.why)] if plan.why else None,
        h.h2["What would happen"],
        h.ol(".timeline")[(h.li[h.strong[_when(step)], " ", safe_text(step.what)] for step in plan.steps)]
        if plan.steps else h.p["Nothing more."],
        h.h2["What keeps the host up"],
        h.ul(".wrong")[(h.li[safe_text(each)] for each in plan.obstacles)]
        if plan.obstacles else h.p(".banner.bad")["Nothing."],
        h.h2["Policies"],
        table("Each policy for each UPS", ("UPS", "Policy", "Now"),
              ((safe_text(each.device), safe_text(each.policy), _due(each.in_s)) for each in plan.policies)),
        h.h2["Supplies"],
        table("As this agent sees them", ("UPS", "Power", "Battery", "Charge", "Left", "Heard"),
              map(_supply, plan.supplies)),
    ]  # fmt: skip


def _when(step: ShutdownStep) -> str:
    earliest, latest = step.earliest_s, step.latest_s
    if earliest is None:
        return "once a policy holds"
    if latest is None or earliest == latest:
        return f"in {span_text(earliest)}"
    return f"in {span_text(earliest)} to {span_text(latest)}"


def _due(in_s: float | None) -> h.Node:
    if in_s is None:
        return "does not hold"
    return h.span(".badge.warning")["holds" if in_s == 0 else f"in {span_text(in_s)}, if nothing changes"]


def _supply(each: Supply) -> tuple[h.Node, ...]:
    left = "–" if each.runtime_left_s is None else ("at least " if each.runtime_is_estimate else "") + span_text(
        each.runtime_left_s)  # fmt: skip
    heard = "never" if each.heard_s_ago is None else f"{span_text(each.heard_s_ago)} ago"
    old = h.span(".badge.warning")["too long ago"] if each.heard_s_ago is not None and not each.fresh else None
    power = "not known" if each.heard_s_ago is None else safe_text(each.power or "not known")
    if each.on_battery_s is not None:
        power += f" for {span_text(each.on_battery_s)}"
    return (
        [safe_text(each.device), h.span(".dim")[safe_text(each.doubt)] if each.doubt else None],
        power,
        safe_text(each.battery or "–"),
        "–" if each.charge_percent is None else f"{each.charge_percent:.0f} %",
        left,
        [heard, " ", old],
    )
