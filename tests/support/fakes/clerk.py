"""A service that answers one request and executes one command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.delivery.handler import RefusedError
from shared.delivery.route import Route
from shared.requests import Command

ROUTE = Route(name="clerk", answers=True, targets=("lamp",))


class Clerk:
    """A handler that doubles numbers, breaks on a negative one, and switches a lamp."""

    def __init__(self) -> None:
        self.switched: list[str] = []

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if name != "double":
            raise RefusedError(f"no question is called {name!r}; there is double")
        if data.get("n", 0) < 0:
            raise ZeroDivisionError("a bug")
        return {"n": 2 * data["n"], "text": "x" * data.get("size", 0)}

    def execute(self, command: Command) -> Mapping[str, Any]:
        if command.data.get("colour") == "pink":
            raise RefusedError("no lamp is pink")
        self.switched.append(command.id)
        colour = command.data.get("colour", "white")
        return {"colour": colour} if isinstance(colour, str) else {"lamp": {"is": {"now": {"colour": colour}}}}
