"""What a route needs of its handler is found out at the start; nobody implements empty methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.delivery.handler import HandlerError, Handlers
from shared.delivery.route import Route
from shared.messages import Sequenced


class Applying:
    """Implements one method of the port."""

    def apply(self, message: Sequenced) -> None: ...


class RequestHandler(Applying):
    """Implements two."""

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        return {}


def test_a_handler_is_known_by_what_it_implements() -> None:
    """What it does not implement is None."""
    handler = RequestHandler()
    found = Handlers.of(handler)

    assert found.stream is handler
    assert found.request is handler
    assert [None] * 7 == [
        found.offer,
        found.event_time,
        found.batch,
        found.loss,
        found.figures,
        found.command,
        found.retained,
    ]


def test_a_route_that_needs_nothing_takes_any_object() -> None:
    """A producer has no input."""
    assert Handlers.of(object()) == Route("counting", produces={"raw": ()}).handlers(object())


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        (Route("x", consumes=("raw", "event")), "consumes the stream raw and event, but its handler object has no"),
        (Route("x", consumes_offers=True), "consumes offers on ingest/…, but its handler object has no method offer()"),
        (Route("x", answers=True), "answers request/x/…, but its handler object has no method answer()"),
        (Route("x", targets=("lamp",)), "executes command/lamp/…, but its handler object has no method execute()"),
        (Route("x", follows=("state",)), "follows state, but its handler object has no method follow()"),
    ],
)
def test_a_handler_that_lacks_what_its_route_needs_is_refused(route: Route, sentence: str) -> None:
    """At the start, with the method that is missing."""
    with pytest.raises(HandlerError, match="the route of x ") as refusal:
        route.handlers(object())

    assert sentence in str(refusal.value)
