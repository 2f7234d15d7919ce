"""Log lines of failing reads: one when a fault begins, one when it is over, however many polls lie in between.

A spell is one code of one part. It is over when the part has been read without it for ``CALM_S``, so that a fault
that comes and goes with every poll is one spell too (nut#506: logs that fill the disk).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.messages import Frame

CALM_S = 10.0

FaultKey = tuple[str, str, str]  # device, part, code


@dataclass(frozen=True, slots=True)
class FaultSpell:
    """When it began and was last seen, by the frames' times, and in how many polls."""

    began: datetime
    last: datetime
    polls: int = 1


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something to write into the log; ``over``: of a fault that has ended."""

    text: str
    over: bool = False


def follow_faults(
    spells: Mapping[FaultKey, FaultSpell], frame: Frame
) -> tuple[dict[FaultKey, FaultSpell], list[LogLine]]:
    """Return the spells under way after ``frame``, and what there is to say."""
    after, lines = dict(spells), []
    present = {(frame.device, error.chip, error.code): error.detail for error in reversed(frame.errors)}
    for key, detail in present.items():
        spell = spells.get(key)
        if spell is None:
            after[key] = FaultSpell(frame.time, frame.time)
            lines.append(LogLine(f"{frame.device}: {key[1]}: {key[2]}: {detail}"))
        else:
            after[key] = replace(spell, last=frame.time, polls=spell.polls + 1)
    for key, spell in spells.items():
        calm = abs(frame.time - spell.last) >= timedelta(seconds=CALM_S)
        if key[0] == frame.device and key not in present and calm:
            del after[key]
            lines.append(LogLine(_over(key, spell), over=True))
    return after, lines


def _over(key: FaultKey, spell: FaultSpell) -> str:
    device, part, code = key
    lasted_s = (spell.last - spell.began).total_seconds()
    polls = "1 poll" if spell.polls == 1 else f"{spell.polls} polls within {lasted_s:.0f} s"
    return f"{device}: {part}: {code} is over, after {polls}"
