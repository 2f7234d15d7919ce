"""*Events*: the history by pages, filtered, and each event with its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import htpy as h
from markupsafe import Markup

from services.gateway.core.pages.answers import RelatedAnswer
from services.gateway.core.pages.lists import table
from services.gateway.core.pages.stencil import Stencil, joined
from services.gateway.core.pages.words import span_text, time_text, value_text
from shared.messages import Event, Severity
from shared.names import NAME
from shared.safe_text import safe_text

AROUND = timedelta(minutes=10)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
MOST_FACTS = 100

_FACT = Stencil(h.div[h.dt["{{name}}"], h.dd["{{text}}"]])
_RELATED = Stencil(h.fragment[h.a(href="{{page}}")["Related events"], " · "])
_MEANWHILE = Stencil(h.a(href="{{root}}/events?since={{first}}&until={{last}}")["What happened around it"])
_INCIDENT = Stencil(h.fragment[" · ", h.a(href="{{root}}/events?incident={{id}}")["Its incident"]])
_ROW = {
    opened: Stencil(
        h.li(class_="{{severity}}")[
            h.details(id="event-{{id}}", open=opened)[
                h.summary[
                    h.time(datetime="{{iso}}")["{{time}}"],
                    " ",
                    h.span(".badge.severity")["{{severity}}"],
                    " ",
                    h.span(".words")["{{words}}"],
                    " ",
                    h.span(".dim")["{{device}}"],
                ],
                h.dl["{{facts}}"],
                h.p["{{ways}}"],
            ]
        ]
    )
    for opened in (False, True)
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked for; empty is everything. ``since`` and ``until`` are UTC where they name no zone."""

    type: str = ""
    severity: str = ""
    device: str = ""
    cursor: str = ""
    zone: str = ""
    since: str = ""
    until: str = ""
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """Addresses, where there are any: of other pages, and of all events of this choice as files, by their names."""

    newest: str | None = None
    older: str | None = None
    files: tuple[tuple[str, str], ...] = ()


def events_content(
    events: Sequence[Event] | str,
    choice: Choice,
    ways: Ways,
    root: str,
    types: Sequence[str],
    words: Callable[[Event], str],
) -> h.Node:
    """Return the page's content. ``events`` may say why they are not known; ``words`` makes one a sentence."""
    return [
        _form(choice, root, types),
        h.p(".unknown", role="status")[f"Not known: {events}"]
        if isinstance(events, str)
        else _list(events, words, root),
        h.nav(".pager", aria_label="Pages of events")[
            h.a(href=ways.newest)["Newest"] if ways.newest else None,
            h.a(href=ways.older, rel="next")["Older"] if ways.older else None,
        ],
        _downloads(ways.files) if ways.files else None,
    ]


def event_content(answer: RelatedAnswer | str, root: str, words: Callable[[Event], str]) -> h.Node:
    """Return one event, opened, and what belongs to it; or in words why it is not known."""
    back = h.nav(".pager", aria_label="Pages of events")[h.a(href=f"{root}/events")["All events"]]
    if isinstance(answer, str):
        return [h.p(".unknown", role="status")[f"Not known: {answer}"], back]
    rows = (
        (_apart(each.after_s), h.span(".badge.severity")[str(each.event.severity)],
         h.a(href=_page_of(each.event, root))[safe_text(words(each.event))], each.event.device or "–",
         ", ".join(map(safe_text, each.by)))
        for each in sorted(answer.related, key=lambda each: each.after_s)
    )  # fmt: skip
    return [
        h.ol(".events")[_event(answer.event, words(answer.event), root, opened=True)],
        h.h2["Related events"],
        table("Before and after it", ("When", "Severity", "What", "Device", "Related by"), rows)
        if answer.related
        else h.p["Nothing else belongs to it."],
        back,
    ]


def _apart(seconds: float) -> str:
    if abs(seconds) < 0.5:
        return "at the same time"
    return f"{span_text(abs(seconds))} {'later' if seconds > 0 else 'before'}"


def _page_of(event: Event, root: str) -> str | None:
    """Return the address of an event's page; None for an id of somebody's own that an address cannot hold as it is."""
    return f"{root}/event?id={event.id}" if NAME.match(event.id) else None


def _form(choice: Choice, root: str, types: Sequence[str]) -> h.Element:
    severities = ("", *map(str, Severity))
    return h.form(".filter", method="get", action=f"{root}/events", role="search")[
        h.label["Type ", h.input(name="type", list="types", value=choice.type, maxlength="200")],
        h.datalist(id="types")[(h.option(value=name) for name in types)],
        h.label[
            "Severity ",
            h.select(name="severity")[
                (h.option(value=each, selected=each == choice.severity)[each or "any"] for each in severities)
            ],
        ],
        h.label["Device ", h.input(name="device", value=choice.device, maxlength="128")],
        h.label["Zone ", h.input(name="zone", value=choice.zone, maxlength="128")],
        h.label["From (UTC) ", h.input(type="datetime-local", name="since", value=_local(choice.since))],
        h.label["To (UTC) ", h.input(type="datetime-local", name="until", value=_local(choice.until))],
        h.input(type="hidden", name="incident", value=choice.incident) if choice.incident else None,
        h.button(type="submit")["Show"],
        h.a(href=f"{root}/events")["Show all"] if choice != Choice() else None,
    ]


def _downloads(files: Sequence[tuple[str, str]]) -> h.Element:
    links = (h.a(href=address, download=True)[name] for name, address in files)
    return h.p(".dim")[
        "All of these as a file: ", ([" · " if number else None, link] for number, link in enumerate(links))
    ]


def _local(time: str) -> str:
    """Return a time as its input field takes it, to the minute; empty where it is none."""
    return time[:16] if TIME.match(time) else ""


def _list(events: Sequence[Event], words: Callable[[Event], str], root: str) -> h.Node:
    if not events:
        return h.p["No such events."]
    return h.ol(".events")[joined([_event(event, words(event), root) for event in events])]


def _event(event: Event, words: str, root: str, *, opened: bool = False) -> Markup:
    facts = {"Type": event.type, "Id": event.id, "Device": event.device or "–", "Zone": event.zone or "–"}
    facts |= {safe_text(name): value_text(name, v) if _plain(v) else _whole(v) for name, v in event.data.items()}
    facts |= {safe_text(f"{name} (added)"): _whole(value) for name, value in event.metadata.items()}
    return _ROW[opened](
        severity=event.severity,
        id=event.id,
        iso=event.time.isoformat(),
        time=time_text(event.time),
        words=safe_text(words),
        device=event.device or "",
        facts=joined([_FACT(name=name, text=text) for name, text in islice(facts.items(), MOST_FACTS)]),
        ways=joined(_beside(event, root, opened=opened)),
    )


def _beside(event: Event, root: str, *, opened: bool) -> list[Markup]:
    """Return the ways from an event to its own page, to those around it, and to those of its incident."""
    first, last = (f"{event.time + step:%Y-%m-%dT%H:%MZ}" for step in (-AROUND, AROUND))
    incident = event.metadata.get("incident")
    place = None if opened else _page_of(event, root)
    return [
        *([_RELATED(page=place)] if place else ()),
        _MEANWHILE(root=root, first=first, last=last),
        *([_INCIDENT(root=root, id=incident)] if isinstance(incident, str) and NAME.match(incident) else ()),
    ]


def _whole(value: object) -> str:
    return safe_text(str(value))[:500]


def _plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
