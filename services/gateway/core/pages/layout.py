"""What every page has around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import htpy as h

from services.gateway.core.pages.words import time_text

PAGES: tuple[tuple[str, str], ...] = (
    ("/", "Now"),
    ("/alerts", "Alerts"),
    ("/events", "Events"),
    ("/incidents", "Incidents"),
    ("/counters", "Counters"),
    ("/health", "Health"),
    ("/reports", "Reports"),
    ("/climate", "Climate"),
    ("/shutdown", "Shutdown plan"),
    ("/suite", "Suite"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a page stands: ``root`` is the path that a proxy shows the console at, ``path`` this page's below it.

    ``follows`` are the kinds of message that change the page, ``seen`` the id of the last change that is in it.
    ``locked``: there is a login, so there is a logout.
    """

    site: str
    root: str
    path: str
    title: str
    now: datetime
    connected: bool
    locked: bool = False
    follows: tuple[str, ...] = ()
    seen: str = ""


def page(frame: Frame, content: h.Node) -> str:
    """Return the whole page."""
    return str(
        h.html(lang="en")[
            h.head[
                h.meta(charset="utf-8"),
                h.meta(name="viewport", content="width=device-width, initial-scale=1"),
                h.meta(name="color-scheme", content="light dark"),
                h.title[f"{frame.title} · {frame.site} · Upskeep"],
                h.link(rel="icon", href=f"{frame.root}/favicon.svg", type="image/svg+xml"),
                h.link(rel="stylesheet", href=f"{frame.root}/console.css"),
                h.script(src=f"{frame.root}/console.js", defer=True),
            ],
            h.body(data_root=frame.root, data_follows=" ".join(frame.follows), data_seen=frame.seen)[
                h.a(".skip", href="#live")["Skip to the content"],
                _header(frame),
                h.main(id="live", tabindex="-1")[live(frame, content)],
                h.footer[h.p["Upskeep · ", h.a(href=f"{frame.root}/api/openapi.json")["API"], " · ",
                             h.a(href=f"{frame.root}/metrics")["Metrics"]]],
            ],
        ]
    )  # fmt: skip


def live(frame: Frame, content: h.Node) -> h.Node:
    """Return what a page is made of, which is loaded anew when something has changed."""
    return h.fragment[_link(frame), h.h1[frame.title], content]


def moment(time: datetime) -> h.Element:
    """Return a time that the script shows in the reader's zone."""
    return h.time(datetime=time.isoformat())[time_text(time)]


def _header(frame: Frame) -> h.Element:
    tabs = (
        h.li[h.a(href=frame.root + path, aria_current="page" if path == frame.path else None)[name]]
        for path, name in PAGES
    )
    return h.header[
        h.p(".brand")[h.span["Upskeep"], h.span(".site")[frame.site]],
        h.nav(aria_label="Pages")[h.ul[tabs]],
        h.div(".tools")[
            h.button(type="button", id="theme", hidden=True)["Theme"],
            h.form(method="post", action=f"{frame.root}/logout")[h.button(type="submit")["Log out"]]
            if frame.locked
            else None,
        ],
    ]


def _link(frame: Frame) -> h.Node:
    """Return the warning that what is shown may be old."""
    return [
        h.p(".banner.bad", role="status", id="offline", hidden=True)[
            "The connection to the gateway is lost. What you see is as of then."
        ],
        None
        if frame.connected
        else h.p(".banner.bad", role="status")[
            "The gateway has no connection to the broker: what you see may be old. It connects again by itself."
        ],
    ]
