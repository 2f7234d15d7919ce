"""A chain as lines for a terminal: a heading, then each link behind the name of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from shared.safe_text import safe_text
from upskeep.text.times import Times
from upskeep.why.chain import Chain
from upskeep.why.links import Link, sentence

MARGIN = 14
LABELS = {
    "no_frame": "frame",
    "frames_gone": "frame",
    "no_alert": "alert",
    "no_notice": "notice",
    "transition": "alert",
    "muted": "notice",
    "alert_rule": "alert",
    "fired": "alert",
}
LABELS |= {"correlation": "incident", "others": "besides", "cause": "event", "sample": "state", "offered": "source"}


def chain_lines(chain: Chain, times: Times, width: int) -> Iterator[str]:
    """Yield the lines, none wider than ``width``."""
    yield from wrap(safe_text(chain.title), width)
    for link in chain.links:
        yield from _lines(link, times, width)


def _lines(link: Link, times: Times, width: int) -> Iterator[str]:
    kind = link.kind.partition(".")[0]
    label = LABELS.get(kind, kind)
    mark = "×" if link.ends else " "
    rows = wrap(safe_text(sentence(link, times)), max(width - MARGIN, 20), break_on_hyphens=False)
    for number, row in enumerate(rows or [""]):
        yield f"{f'{mark} {label}' if number == 0 else '':<{MARGIN}}{row}".rstrip()
