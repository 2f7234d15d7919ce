"""The sets of event_processor that a sender can grow. The sender of an offer is its producer, of a frame its reader."""

from __future__ import annotations

from services.event_processor.core.device.owners import MOST_DEVICES
from shared.limits import Limit

OLDEST_OF_THE_LARGEST = "the oldest go of the sender that has the most"
DEVICES = Limit("devices", MOST_DEVICES, "the reader with the most gets no more, or loses its newest")
OFFER_IDS = Limit("ids of offers", 100_000, OLDEST_OF_THE_LARGEST)
GROUPS = Limit("groups of patterns", 1_000, OLDEST_OF_THE_LARGEST)
INCIDENTS = Limit("incidents", 10_000, f"{OLDEST_OF_THE_LARGEST}, and a topic that shows none any more is emptied")
LIMITS = (DEVICES, OFFER_IDS, GROUPS, INCIDENTS)
