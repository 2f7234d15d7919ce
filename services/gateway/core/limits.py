"""The sets of the gateway that a sender can grow; none of them outlives it, and each is made anew from the broker."""

from __future__ import annotations

from shared.limits import Limit

NOT_SHOWN = "new ones are not shown, which the page Suite says"
TOPICS = Limit("topics of a kind", 2_000, NOT_SHOWN)
KIND_BYTES = Limit("bytes of a kind's topics", 8_000_000, NOT_SHOWN)
EVENT_BYTES = Limit("bytes of the newest events", 4_000_000, "the oldest go")
LIMITS = (TOPICS, KIND_BYTES, EVENT_BYTES)
