"""*Events*: the history by pages, filtered, and each event with its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import htpy as h

from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.words import value_text
from shared.messages import Event, Severity
from shared.safe_text import safe_text


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked for; empty is everything."""

    type: str = ""
    severity: str = ""
    device: str = ""
    cursor: str = ""


def events_content(
    events: Sequence[Event] | str,
    choice: Choice,
    newest: str | None,
    older: str | None,
    root: str,
    types: Sequence[str],
    words: Callable[[Event], str],
) -> h.Node:
    """Return the page's content. ``events`` may be the reason why they are not known; ``words`` is one as a sentence.

    ``newest`` and ``older`` are the addresses of those pages, where there are any.
    """
    return [
        _form(choice, root, types),
        h.p(".unknown", role="status")[f"Not known: {events}"] if isinstance(events, str) else _list(events, words),
        h.nav(".pager", aria_label="Pages of events")[
            h.a(href=newest)["Newest"] if newest else None,
            h.a(href=older, rel="next")["Older"] if older else None,
        ],
    ]


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
        h.button(type="submit")["Show"],
    ]


def _list(events: Sequence[Event], words: Callable[[Event], str]) -> h.Node:
    if not events:
        return h.p["No such events."]
    return h.ol(".events")[(_event(event, words(event)) for event in events)]


def _event(event: Event, words: str) -> h.Element:
    facts = {"Type": event.type, "Id": event.id, "Device": event.device or "–", "Zone": event.zone or "–"}
    facts |= {safe_text(name): value_text(name, v) if _plain(v) else _whole(v) for name, v in event.data.items()}
    facts |= {safe_text(f"{name} (added)"): _whole(value) for name, value in event.metadata.items()}
    return h.li(f".{event.severity}")[
        h.details(id=f"event-{event.id}")[
            h.summary[
                moment(event.time),
                " ",
                h.span(".badge.severity")[str(event.severity)],
                " ",
                h.span(".words")[safe_text(words)],
                " ",
                h.span(".dim")[event.device or ""],
            ],
            h.dl[(h.div[h.dt[name], h.dd[text]] for name, text in list(facts.items())[:100])],
        ]
    ]


def _whole(value: object) -> str:
    return safe_text(str(value))[:500]


def _plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
