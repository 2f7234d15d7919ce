"""The sets of host_agent that a sender can grow, by alerts of a rule that shuts the host down."""

from __future__ import annotations

from shared.limits import Limit

FIRING = Limit("firing alerts", 1_000, "new ones are not heard; each that is known shuts the host down by itself")
FIRINGS_DONE = 2_000  # the oldest that fire no more are forgotten
LIMITS = (FIRING,)
