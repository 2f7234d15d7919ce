"""From a UPS's variables in ``upsd`` to a reading.

Rules:
1. Without ``ups.status``, or while it is WAIT, nothing is known of the mains or the battery's state: those channels
   are left out. A UPS never heard from is unknown, not on line.
2. ``status`` says what its words mean, ``figures`` what its numbers do.
3. ``battery.current`` has the sign of the status (CHRG +, OB or DISCHRG -), for drivers differ; without one it is
   left out.
4. Unknown words and variables are passed over, and empty ones. A value that is no number, or none that its quantity
   can have, is left out and said, of that channel alone.
5. A test's result is reported when it comes: ``running``, then ``passed``; ``failed`` in any case.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.core.nut.figures import figures
from services.sensor_reader.core.nut.history import LONGEST_TEXT, History
from services.sensor_reader.core.nut.status import facts, status_words
from services.sensor_reader.core.reading import Doubt, Reading, within_range
from shared.nut.table import ALARM_TEXT, STATUS, TEST_RESULT, TEST_RESULTS


def interpret(variables: Mapping[str, str], history: History | None = None) -> tuple[Reading, History]:
    """Return the channels, and the history with this poll in it."""
    words = status_words(variables)
    history = (history or History()).after(words, variables)
    doubts: list[Doubt] = []
    if not words:
        shown = repr(variables.get(STATUS, "nothing"))
        detail = f"{STATUS} says {shown:.80}: whether the mains are there is not known"
        doubts.append(Doubt("missing", detail, "ac_present"))
    numbers, no_numbers, history = figures(variables, words, history)
    numbers, implausible = _plausible(numbers)
    values: dict[str, float | bool | str] = {
        **facts(words, variables, numbers, history),
        **_texts(words, variables, history),
        **numbers,
    }
    return Reading(values, (*doubts, *no_numbers, *implausible)), history


def _plausible(numbers: Mapping[str, float]) -> tuple[dict[str, float], tuple[Doubt, ...]]:
    good, doubts = within_range(numbers)
    return {channel: value for channel, value in numbers.items() if channel in good}, doubts


def _texts(words: frozenset[str], variables: Mapping[str, str], history: History) -> dict[str, str]:
    alarm = "".join(letter for letter in variables.get(ALARM_TEXT, "").strip() if letter.isprintable())
    found = {"alarm_text": alarm[:LONGEST_TEXT]} if alarm and "ALARM" in words else {}
    text = variables.get(TEST_RESULT, "")[:LONGEST_TEXT]
    result = _test(text)
    if result == "failed" or (result and text != history.first_test) or result == "running":
        found["self_test"] = result
    return found


def _test(text: str) -> str:
    small = text.lower()
    return next((result.says for result in TEST_RESULTS if small.startswith(result.part)), "")
