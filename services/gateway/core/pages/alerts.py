"""*Alerts*: what fires and why, and what a person does about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import htpy as h

from services.gateway.core.api.models import SilenceView
from services.gateway.core.pages.answers import StandingAnswer
from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.lists import table
from services.gateway.core.pages.words import headline, plural, span_text
from shared.messages import Alert, AlertState
from shared.safe_text import safe_text

SPANS = ((900, "15 minutes"), (3600, "1 hour"), (28_800, "8 hours"), (86_400, "1 day"), (604_800, "1 week"))
ORDER = (AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.PENDING, AlertState.RESOLVED)
MOST = 200


@dataclass(frozen=True, slots=True)
class StandingQuestion:
    """The alert of a question "why does it not fire?", and the answer, or why there is none."""

    rule: str = ""
    key: str = ""
    answer: StandingAnswer | str | None = None


NOT_ASKED = StandingQuestion()


def alerts_content(
    alerts: Sequence[Alert],
    silences: Sequence[SilenceView] | str,
    root: str,
    confirmation: str,
    fault: str,
    asked: StandingQuestion = NOT_ASKED,
) -> h.Node:
    """Return the page's content. ``silences`` may be the reason why they are not known."""
    by_state = {state: [alert for alert in alerts if alert.state is state] for state in ORDER}
    return [
        h.p(".banner.good", role="status")[confirmation] if confirmation else None,
        h.p(".banner.bad", role="alert")[fault] if fault else None,
        h.p(".calm")["No alert fires."]
        if not by_state[AlertState.FIRING] and not by_state[AlertState.ACKNOWLEDGED]
        else None,
        (_group(state, by_state[state], root) for state in ORDER if by_state[state]),
        h.h2["Silences"],
        _silences(silences, root),
        h.h2["Why did one not fire?"],
        _question(asked, alerts, root),
    ]


def _question(asked: StandingQuestion, alerts: Sequence[Alert], root: str) -> h.Node:
    return [
        h.form(".filter", method="get", action=f"{root}/alerts", role="search", aria_label="Why an alert did not fire")[
            h.label["Rule ", h.input(name="rule", list="rules", value=asked.rule, required=True, maxlength="128")],
            h.datalist(id="rules")[(h.option(value=name) for name in sorted({alert.rule for alert in alerts}))],
            h.label["Key ", h.input(name="key", value=asked.key, required=True, maxlength="128")],
            h.button(type="submit")["Ask"],
        ],
        _standing(asked) if asked.answer is not None else None,
    ]


def _standing(asked: StandingQuestion) -> h.Node:
    answer = asked.answer
    if not isinstance(answer, StandingAnswer):
        return h.p(".unknown", role="status")[f"Not known: {safe_text(str(answer))}"]
    facts: dict[str, h.Node] = {"The rule looks at": safe_text(answer.looks_at), "It wants": safe_text(answer.wants)}
    facts |= {"It reads": safe_text(answer.reads)} if answer.reads else {}
    if answer.lacks:
        facts["What is missing"] = safe_text(answer.lacks)
    else:
        facts["It does fire"] = [answer.state, " since ", moment(answer.since)] if answer.since else answer.state
    title = h.h3[h.code[safe_text(f"{asked.rule}/{asked.key}")]]
    return h.section(".card.facts", role="status")[
        title, h.dl[(h.div[h.dt[name], h.dd[text]] for name, text in facts.items())]
    ]


def _group(state: AlertState, alerts: Sequence[Alert], root: str) -> h.Node:
    beyond = len(alerts) - MOST
    return h.section[
        h.h2[f"{str(state).capitalize()} ({len(alerts):,})"],
        (_alert(alert, root) for alert in alerts[:MOST]),
        h.p[f"and {plural(beyond, 'more', 'more')}; /api/alerts lists all"] if beyond > 0 else None,
    ]


def _alert(alert: Alert, root: str) -> h.Element:
    place = f"{alert.rule}-{alert.key}"
    signed = f"{alert.by or 'somebody'}" + (f": {alert.comment}" if alert.comment else "")
    return h.article(f".alert.{alert.severity}", id=place)[
        h.h3[h.span(".badge.severity")[str(alert.severity)], " ", headline(alert)],
        h.p[
            h.code[f"{alert.rule}/{alert.key}"],
            " since ",
            moment(alert.since),
            h.span(".badge")[safe_text(f"acknowledged by {signed}")]
            if alert.state is AlertState.ACKNOWLEDGED
            else None,
        ],
        h.details(id=f"why-{place}")[h.summary["Why"], _why(alert)],
        _actions(alert, root, place) if alert.state in (AlertState.FIRING, AlertState.ACKNOWLEDGED) else None,
    ]


def _why(alert: Alert) -> h.Element:
    facts = {
        "Message": safe_text(alert.message),
        **({"Last event": safe_text(alert.event_text)} if alert.event_text else {}),
        "Reason": safe_text(alert.reason).replace("_", " "),
        **_judged(alert),
        "In this state": moment(alert.time),
        **{safe_text(name).capitalize(): safe_text(text) for name, text in alert.annotations.items()},
        "Labels": safe_text(", ".join(f"{name}={text}" for name, text in sorted(alert.labels.items()))) or "none",
    }
    return h.dl[(h.div[h.dt[name], h.dd[text]] for name, text in facts.items())]


def _judged(alert: Alert) -> dict[str, str]:
    if alert.condition:
        return {"The rule waits for": safe_text(alert.condition)}
    over = f" in {span_text(alert.window_s)}" if alert.window_s else ""
    return {"Value": f"{alert.value:g}{over}; the limit is {alert.threshold:g}"}


def _actions(alert: Alert, root: str, place: str) -> h.Element:
    target = f"{root}/alerts/{alert.rule}/{alert.key}"
    comment = h.input(
        name="comment", type="text", maxlength="500", id=f"comment-{place}", aria_label="Comment", placeholder="Comment"
    )
    acknowledge = h.form(method="post", action=f"{target}/acknowledge")[
        comment, h.button(".primary", type="submit")["Acknowledge"]
    ]
    silence = h.form(method="post", action=f"{target}/silence")[
        h.select(name="for_s", aria_label="Silence for")[(h.option(value=str(s))[words] for s, words in SPANS)],
        h.input(name="comment", type="text", required=True, maxlength="500", aria_label="Reason", placeholder="Reason"),
        h.button(type="submit")["Silence"],
    ]
    return h.div(".actions")[acknowledge if alert.state is AlertState.FIRING else None, silence]


def _silences(silences: Sequence[SilenceView] | str, root: str) -> h.Node:
    if isinstance(silences, str):
        return h.p(".unknown")[f"Not known: {silences}"]
    if not silences:
        return h.p["None."]
    heads = ("Alerts with", "Until", "By", "Why", "End")
    return table("In force", heads, (_silence(silence, root) for silence in silences[:MOST]))


def _silence(silence: SilenceView, root: str) -> tuple[h.Node, ...]:
    end = h.form(method="post", action=f"{root}/silences/{silence.id}/end")[
        h.button(type="submit", aria_label=f"End the silence of {silence.by}")["End"]
    ]
    matchers = h.code[safe_text(", ".join(silence.matchers))]
    return matchers, moment(silence.ends), safe_text(silence.by), safe_text(silence.comment), end
