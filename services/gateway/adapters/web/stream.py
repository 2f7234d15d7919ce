"""``/api/stream``: changes as server-sent events, from the reader's last id on; ``/changes``: that there are some."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from services.gateway.adapters.web.followers import MOST, Followers
from services.gateway.core.feed import Entry, Feed

STILL_THERE_S = 15.0
PACE_S = 1.0  # a page is loaded anew no more often


def stream_route(live_suite: Any) -> Route:
    """Return the route. ``live_suite`` has the ``feed``, and ``changed`` waits for more of it."""

    def lines(request: Request, wanted: frozenset[str]) -> AsyncIterator[str]:
        return _changes(live_suite, _place(live_suite.feed, request), wanted)

    followers = Followers(lines, f"{MOST} readers follow already; try again later")
    return Route("/api/stream", followers.answer, methods=["GET"])


def changes_route(live_suite: Any) -> Route:
    """Return the route that consoles follow: it says, at most once in ``PACE_S``, that something has changed.

    ``last_event_id`` is that of the last change in the page, so that none is missed before the page follows.
    """

    def lines(request: Request, wanted: frozenset[str]) -> AsyncIterator[str]:
        return _paced(live_suite, _place(live_suite.feed, request), wanted)

    followers = Followers(lines, f"{MOST} consoles follow already; this one shows what is now")
    return Route("/changes", followers.answer, methods=["GET"])


async def _paced(live_suite: Any, place: int | None, wanted: frozenset[str]) -> AsyncIterator[str]:
    feed: Feed = live_suite.feed
    yield "retry: 2000\n\n"
    if place is None:
        place = feed.head
        yield _something(feed)
    while True:
        try:
            async with asyncio.timeout(STILL_THERE_S):
                await live_suite.changed(place)
        except TimeoutError:
            yield ": still there\n\n"
            continue
        entries, place = feed.after(place), feed.head
        if entries is None or any(entry.kind.removesuffix("-cleared") in wanted for entry in entries):
            yield _something(feed)
            await asyncio.sleep(PACE_S)


def _something(feed: Feed) -> str:
    return f"id: {feed.id_of(feed.head)}\nevent: changed\ndata: {{}}\n\n"


def _place(feed: Feed, request: Request) -> int | None:
    """Return the number of the last change that the reader has; None where it must begin anew."""
    last_id = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    return feed.head if last_id is None else feed.place(last_id)


async def _changes(live_suite: Any, place: int | None, wanted: frozenset[str]) -> AsyncIterator[str]:
    feed: Feed = live_suite.feed
    yield "retry: 2000\n\n"
    if place is None:
        place = feed.head
        yield _reset(feed)
    while True:
        entries, place = feed.after(place), feed.head
        if entries is None:
            yield _reset(feed)
        for entry in entries or ():
            if not wanted or entry.kind.removesuffix("-cleared") in wanted:
                yield _event(feed, entry)
        try:
            async with asyncio.timeout(STILL_THERE_S):
                await live_suite.changed(place)
        except TimeoutError:
            yield ": still there\n\n"


def _event(feed: Feed, entry: Entry) -> str:
    return f"id: {feed.id_of(entry.number)}\nevent: {entry.kind}\ndata: {entry.data}\n\n"


def _reset(feed: Feed) -> str:
    return f"id: {feed.id_of(feed.head)}\nevent: reset\ndata: {{}}\n\n"
