"""*Incidents* and *Health*: lists of what is published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import htpy as h
from markupsafe import Markup

from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.stencil import Stencil, joined, markup
from services.gateway.core.pages.words import plural, span_text
from services.gateway.core.view import View
from shared.health import Health, HealthFactor
from shared.incidents import Incident
from shared.maintenance import Maintenance

MOST = 500

_ROW = Stencil(h.tr(role="row")["{{cells}}"])


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[h.Node]]) -> h.Element:
    """Return a table that scrolls sideways where it is too wide, and whose rows are cards on a phone.

    There each cell shows its column's name itself, and roles say to a screen reader that it is a table all the same.
    """
    cells = [Stencil(h.td(role="cell", data_head=head)[h.div["{{cell}}"]]) for head in heads]
    return h.div(".scroll", tabindex="0", role="region", aria_label=caption)[
        h.table(role="table")[
            h.caption[caption],
            h.thead(role="rowgroup")[
                h.tr(role="row")[(h.th(role="columnheader", scope="col")[head] for head in heads)]
            ],
            h.tbody(role="rowgroup")[joined([_row(cells, row) for row in rows])],
        ]
    ]


def _row(cells: Sequence[Stencil], row: Sequence[h.Node]) -> Markup:
    filled = [cell(cell=markup(node)) for cell, node in zip(cells, row, strict=True)]
    return _ROW(cells=joined(filled))


def incidents_content(incidents: Sequence[Incident]) -> h.Node:
    """Return the newest incident of each pattern and key, the open ones first, then the latest."""
    if not incidents:
        return h.p["No incident has been heard of."]
    ordered = sorted(incidents, key=lambda each: (each.end is not None, -each.start.timestamp()))
    return h.ol(".timeline")[(_incident(each) for each in ordered[:MOST])]


def _incident(incident: Incident) -> h.Element:
    lasted = f" · {span_text((incident.end - incident.start).total_seconds())}" if incident.end else ""
    words = "open" if incident.end is None else ("ended" if incident.why == "ended" else "ended, quiet since")
    return h.li(f".{incident.severity}")[
        h.h3[incident.pattern.replace("_", " "), " · ", incident.key],
        h.p[
            h.span(".badge" + ("" if incident.end else ".warning"))[words],
            " " if incident.end else " since ",
            moment(incident.start),
            f"{lasted} · {plural(incident.count, 'event', 'events')}",
        ],
    ]


def health_content(view: View) -> h.Node:
    """Return the score with what lowers it, and what is due at the devices."""
    health = view.health()
    return [
        h.p(".unknown")["No score has been published yet."] if health is None else _score(health),
        h.h2["Maintenance"],
        _maintenance(view.maintenance()),
    ]


def _score(health: Health) -> h.Node:
    tone = "good" if health.score >= 75 else "warn" if health.score >= 50 else "bad"
    recovers: h.Node = None
    if health.recovers is not None and [factor.recovers for factor in health.factors] != [health.recovers]:
        recovers = h.p["If nothing more happens, it is 100 again on ", moment(health.recovers), "."]
    return [
        h.p(f".glance.{tone}")[f"{health.score} of 100", h.span[str(health.grade).lower()]],
        recovers,
        h.p(".calm")["Nothing lowers it."] if not health.factors else h.ul(".wrong")[map(_factor, health.factors[:50])],
    ]


def _factor(factor: HealthFactor) -> h.Element:
    back: h.Node = " while it lasts" if factor.lasts else ""
    if factor.recovers is not None:
        back = [" until ", moment(factor.recovers)]
    return h.li(f".{factor.severity}")[
        h.strong[f"−{factor.points}"], " ", h.code[factor.type], f" ({plural(factor.events, 'event', 'events')})", back,
        h.p[factor.remedy],
    ]  # fmt: skip


def _maintenance(found: Sequence[Maintenance]) -> h.Node:
    rows: list[Sequence[h.Node]] = [
        (
            each.device,
            item.what.replace("_", " "),
            [h.span(".badge.warning")["overdue"], " "] if item.overdue else None,
            moment(item.due) if item.due else "nobody can say when",
            item.why,
        )
        for each in found
        for item in each.items
    ]
    if not rows:
        return h.p["Nothing is due."]
    return table("What is due", ("Device", "What", "Now", "Due", "Why"), rows[:MOST])
