"""What passes the MQTT client: publications out, arrivals in. Nothing of paho."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple


class Publication(NamedTuple):
    """What to publish. ``attributes`` (as user properties) and ``correlation`` go where the broker speaks MQTT 5.

    ``qos`` 0 is best effort: nothing confirms it.
    """

    topic: str
    payload: bytes
    retain: bool = False
    attributes: Mapping[str, str] | None = None
    correlation: bytes | None = None
    qos: Literal[0, 1] = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """Stands for one arrived message, to be given back to ``ack``."""

    generation: int
    mid: int


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands and is subscribed; ``generation`` counts connections from 1."""

    generation: int
    session_present: bool
    protocol: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone, or an attempt at one failed; ``refused``: somebody was there and said no.

    ``taken_over``: the broker says that another client has connected with this client id.
    """

    generation: int
    reason: str
    refused: bool = False
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came in. ``respond_to`` and ``correlation`` are MQTT 5's, where the sender gave them."""

    topic: str
    payload: bytes
    retain: bool
    receipt: Receipt
    respond_to: str | None = None
    correlation: bytes | None = None
    repeated: bool = False  # the broker sent it before, and got no acknowledgement (DUP)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker took the publication with this token; ``refusal`` says why it did not."""

    token: Any
    refusal: str | None = None


Arrival = Connected | Disconnected | Arrived | Confirmed


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A PUBACK as the network thread saw it; the client makes it a Confirmed."""

    generation: int
    mid: int
    refusal: str | None
