"""One row of the API, and how a request can fail."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Method = Literal["GET", "POST", "DELETE"]


class Nothing(BaseModel):
    """No query, no body: anything given is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it: ``title`` in a word or two, ``detail`` for the person who asked."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: tuple[dict[str, Any], ...] = ()


class ApiError(Exception):
    """A request that cannot be met; ``status`` is HTTP's, the text says why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, checked: the levels of its path, its query and its body as their models."""

    path: Mapping[str, str]
    query: Any
    body: Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``call`` gets the live suite and the request. ``asks`` names the service whose answer it waits for, if any."""

    method: Method
    path: str
    summary: str
    tag: str
    call: Callable[[Any, Asked], Awaitable[BaseModel]]
    answer: type[BaseModel]
    query: type[BaseModel] = Nothing
    body: type[BaseModel] | None = None
    asks: str = ""
    status: int = 200
    levels: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(re.findall(r"{(\w+)}", self.path)))
