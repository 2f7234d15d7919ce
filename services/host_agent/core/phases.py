"""The phases of a shutdown as a table: in each phase, which signal leads where. The first that holds wins.

    watching → warned → counting_down → hooks → secondaries → cutting_power → acting → done
                 ↑           ↕ held         ↘ watching (cancelled)
                 └── silence ended, called off

Rules:
1. The point of no return is the end of the hooks: then secondaries go down, the power cut is ordered, and the command
   runs. Before it the return of mains ends the episode; after it nothing does.
2. Nothing passes the point of no return while the supply is known to be on mains.
3. ``services/host_agent/core/signals.py`` defines the signals.
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """The phase of the host."""

    WATCHING = "watching"
    WARNED = "warned"  # on battery, no danger yet
    COUNTING_DOWN = "counting_down"
    HELD = "held"  # mains seen during the countdown, not yet long enough
    HOOKS = "hooks"
    SECONDARIES = "secondaries"
    CUTTING_POWER = "cutting_power"
    ACTING = "acting"
    DONE = "done"


class Signal(StrEnum):
    """What moves the host from phase to phase."""

    ORDERED = "ordered"  # by the primary, which goes down now
    ASKED = "asked"  # by a person, while something else counts down
    POLICY_DUE = "policy_due"
    ON_BATTERY = "on_battery"
    ON_MAINS = "on_mains"  # every spell on battery has ended
    MAINS_SEEN = "mains_seen"
    MAINS_GONE = "mains_gone"
    MAINS_BACK = "mains_back"
    SAFE_AGAIN = "safe_again"  # the silent supply has sent again, the alert has resolved
    CALLED_OFF = "called_off"
    TIME_UP = "time_up"
    HOOKS_ENDED = "hooks_ended"
    SECONDARIES_GONE = "secondaries_gone"
    CUT_SETTLED = "cut_settled"
    COMMAND_DONE = "command_done"
    COMMAND_FAILED = "command_failed"  # and the pause before the next try is over
    OVER = "over"


P, S = Phase, Signal
TRANSITIONS: dict[Phase, tuple[tuple[Signal, Phase], ...]] = {
    P.WATCHING: ((S.ORDERED, P.HOOKS), (S.POLICY_DUE, P.COUNTING_DOWN), (S.ON_BATTERY, P.WARNED)),
    P.WARNED: ((S.ORDERED, P.HOOKS), (S.POLICY_DUE, P.COUNTING_DOWN), (S.ON_MAINS, P.WATCHING)),
    P.COUNTING_DOWN: (
        (S.ORDERED, P.HOOKS), (S.ASKED, P.COUNTING_DOWN), (S.CALLED_OFF, P.WATCHING), (S.MAINS_SEEN, P.HELD),
        (S.SAFE_AGAIN, P.WATCHING), (S.TIME_UP, P.HOOKS),
    ),
    P.HELD: (
        (S.ORDERED, P.HOOKS), (S.ASKED, P.COUNTING_DOWN), (S.CALLED_OFF, P.WATCHING), (S.MAINS_BACK, P.WATCHING),
        (S.MAINS_GONE, P.COUNTING_DOWN),
    ),
    P.HOOKS: (
        (S.CALLED_OFF, P.WATCHING), (S.MAINS_BACK, P.WATCHING), (S.SAFE_AGAIN, P.WATCHING),
        (S.HOOKS_ENDED, P.SECONDARIES),
    ),
    P.SECONDARIES: ((S.SECONDARIES_GONE, P.CUTTING_POWER),),
    P.CUTTING_POWER: ((S.CUT_SETTLED, P.ACTING),),
    P.ACTING: ((S.COMMAND_DONE, P.DONE), (S.COMMAND_FAILED, P.ACTING)),
    P.DONE: ((S.OVER, P.WATCHING),),
}  # fmt: skip

BEGIN = (S.POLICY_DUE, S.ASKED, S.ORDERED)  # a shutdown begins, or another cause takes it over
UNDER_WAY = (P.COUNTING_DOWN, P.HELD, P.HOOKS)  # may still be cancelled
FINAL = (P.SECONDARIES, P.CUTTING_POWER, P.ACTING, P.DONE)
