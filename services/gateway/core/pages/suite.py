"""*Suite*: the services, their streams and how far each has got, what is missing, and what was refused."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Sequence

import htpy as h

from services.gateway.core.pages.layout import moment as moment_of
from services.gateway.core.pages.lists import table
from services.gateway.core.pages.now import Moment
from services.gateway.core.pages.words import channel_name, span_text
from services.gateway.core.view import View
from shared.messages import DeadLetter, Status
from shared.safe_text import safe_text

GAPS = {  # figures of a life sign that say what is missing for good
    "lost": "messages of others that can no longer be had",
    "dropped": "messages of its own that left the outbox before everybody had them",
    "refused_unkept": "dead letters beyond what is kept",
    "points_dropped": "points for InfluxDB that found no room",
}
LONGEST_PAYLOAD = 400


def suite_content(view: View, moment: Moment) -> h.Node:
    """Return every service with its figures, and every stream with its consumers."""
    statuses = view.statuses()
    if not statuses:
        return h.p["No service has been heard of. Is the broker the one that the suite uses?"]
    return [
        h.h2["Services"],
        h.div(".tiles")[(_service(view, status, moment) for status in statuses)],
        h.h2["Streams"],
        h.div(".numbers")[
            table(
                "How far each consumer has got", ("Stream", "Sent", "Held", "Consumer", "To apply"), _streams(statuses)
            )
        ],
        h.h2["Gaps"],
        _gaps(statuses),
        h.h2["Dead letters"],
        _dead_letters(view.dead_letters),
        h.p(".dim")[f"{view.refused:,} topics beyond this console's bounds are not shown."] if view.refused else None,
    ]


def _service(view: View, status: Status, moment: Moment) -> h.Element:
    heard = view.values["status"][(status.service,)]
    figures = list(status.figures.items())[:60]
    return h.article(f".tile.{'good' if status.state == 'online' else 'bad'}", aria_labelledby=f"s-{status.service}")[
        h.h3(id=f"s-{status.service}")[status.service],
        h.p(".supply")[status.state, h.span(".dim")[f" {status.version}"] if status.version else None],
        h.details(id=f"figures-{status.service}")[
            h.summary["Figures"],
            h.dl[(h.div[h.dt[channel_name(name)], h.dd[_figure(value)]] for name, value in figures)],
        ]
        if figures
        else None,
        h.p(".age")["last life sign ", h.span(data_age=f"{moment.at_s - heard.at_s:.0f}")[
            span_text(moment.at_s - heard.at_s)], " ago"],
    ]  # fmt: skip


def _figure(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return safe_text(value)[:300] if isinstance(value, str) else f"{value:,.10g}"


def _streams(statuses: Sequence[Status]) -> list[tuple[h.Node, ...]]:
    rows: list[tuple[h.Node, ...]] = []
    for status in statuses:
        for stream, ends in sorted(status.streams.items()):
            sent, held = f"{ends.head:,}", f"{max(0, ends.head - ends.floor + 1):,}"
            places = [
                (other.service, marks[stream].seq)
                for other in statuses
                if (marks := other.applied.get(status.service)) and stream in marks
                and marks[stream].epoch == status.epoch
            ]  # fmt: skip
            for consumer, seq in places or [("–", ends.head)]:
                rows.append((f"{status.service} · {stream}", sent, held, consumer, f"{max(0, ends.head - seq):,}"))
    return rows


def _gaps(statuses: Sequence[Status]) -> h.Node:
    rows = [
        (status.service, f"{status.figures[name]:,}", words)
        for status in statuses
        for name, words in GAPS.items()
        if isinstance(status.figures.get(name), int | float) and status.figures[name]
    ]
    if not rows:
        return h.p(".calm")["Nothing is missing."]
    return h.div(".numbers")[table("What is missing for good", ("Service", "How many", "What"), rows)]


def _dead_letters(letters: Iterable[DeadLetter]) -> h.Node:
    found = [*letters]
    if not found:
        return h.p(".calm")["Nothing was refused since this console started."]
    return h.ol(".events")[map(_dead_letter, reversed(found))]


def _dead_letter(letter: DeadLetter) -> h.Element:
    facts = {"Refused by": letter.service, "Topic": safe_text(letter.received_on), "Payload": _payload(letter.payload)}
    return h.li(".warning")[
        h.details(id=f"dead-{letter.service}-{letter.time:%Y%m%d%H%M%S%f}")[
            h.summary[moment_of(letter.time), " ", h.span(".words")[safe_text(letter.reason)[:300]]],
            h.dl[(h.div[h.dt[name], h.dd[text]] for name, text in facts.items())],
        ]
    ]


def _payload(encoded: str) -> str:
    """Return the beginning of what was refused, as text."""
    try:
        raw = b64decode(encoded[: LONGEST_PAYLOAD * 4])
    except ValueError:
        return "not to be read"
    text = safe_text(raw.decode("utf-8", "replace"))
    return text if len(text) <= LONGEST_PAYLOAD else f"{text[:LONGEST_PAYLOAD]} …"
