"""The sets of the alerter that a sender can grow."""

from __future__ import annotations

from shared.limits import Limit

RULE_KEYS = Limit(
    "keys of the alert rule",
    5_000,
    "a new one of the sender that has the most shares the key `others`; a rule that orders something ignores it",
)
NOTICE_GROUPS = Limit("groups of notices", 5_000, "new ones share a group")
SILENCES = Limit("silences", 1_000, "of those in force or to come a new one is refused, with the reason")
STOPS = Limit("emergency stops", 1_000, "a new one is not carried out, which the log and the status say")
LIMITS = (RULE_KEYS, NOTICE_GROUPS, SILENCES, STOPS)
