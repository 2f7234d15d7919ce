"""Questions with their answers, and commands with what came of them: the payloads of four kinds of topic.

How they are taken and answered: ``shared.delivery.requests``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.messages import Message, Name, Sequenced, Time
from shared.names import Id, Text
from shared.values import AnsweredData, BoundedTime, CarriedData


class Request(Message):
    """A question to a service; ``transaction`` ties its answer to it. ``time``, if given, must not be a minute old."""

    service: Name
    name: Name
    transaction: Name
    time: BoundedTime | None = None
    data: CarriedData = Field(default_factory=dict)


class Response(Message):
    """The answer to a Request. ``error`` says in a person's words why there is none."""

    service: Name
    name: Name
    transaction: Name
    status: Literal["ok", "error"]
    error: Text | None = None
    data: AnsweredData = Field(default_factory=dict)


class Command(Sequenced):
    """Something a device or service is to do, once however often it arrives. After ``expires`` it is refused.

    ``by`` says who wants it. Without producer, epoch and seq it comes from outside.
    """

    id: Annotated[Id, Field(max_length=128)]
    target: Name
    name: Name
    time: BoundedTime | None = None
    expires: BoundedTime | None = None
    by: Annotated[str, Field(max_length=256)] | None = None
    data: CarriedData = Field(default_factory=dict)


class Result(Sequenced):
    """What came of the Command with that ``id``."""

    id: Id
    target: Name
    name: Name
    status: Literal["done", "refused", "failed"]
    reason: Text | None = None
    time: Time
    data: AnsweredData = Field(default_factory=dict)
