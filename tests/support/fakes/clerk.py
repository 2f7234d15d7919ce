"""A service that answers one question and obeys one command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.delivery.handler import RefusedError
from shared.delivery.route import Route
from shared.messages import Message, Sequenced
from shared.requests import Command

ROUTE = Route(name="clerk", answers=True, targets=("lamp",))


class Clerk:
    """A Stage that doubles numbers, breaks on a negative one, and switches a lamp."""

    def __init__(self) -> None:
        self.switched: list[str] = []

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if name != "double":
            raise RefusedError(f"no question is called {name!r}; there is double")
        if data.get("n", 0) < 0:
            raise ZeroDivisionError("a bug")
        return {"n": 2 * data["n"], "text": "x" * data.get("size", 0)}

    def obey(self, command: Command) -> Mapping[str, Any]:
        if command.data.get("colour") == "pink":
            raise RefusedError("no lamp is pink")
        self.switched.append(command.id)
        return {"colour": command.data.get("colour", "white")}

    def apply(self, message: Sequenced) -> None: ...
    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None: ...
    def advance(self, event_time: datetime) -> None: ...
    def flush(self) -> None: ...
    def lost(self, producer: str, stream: str, first: int, last: int) -> None: ...
    def figures(self) -> Mapping[str, int]:
        return {}
