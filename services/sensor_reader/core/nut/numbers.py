"""Numbers in the variables of a NUT server."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.sensor_reader.core.reading import Doubt

LONGEST = 40  # characters; what is longer is no reading of anything
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)


def parse(name: str, text: str, channel: str) -> tuple[float | None, list[Doubt]]:
    """Return the number that ``text`` is, or a doubt about the channel."""
    if _NUMBER.fullmatch(text) and len(text) <= LONGEST:
        return float(text), []
    return None, [Doubt("implausible", f"{name} is {text!r:.40}, which is no number", channel)]


def number(variables: Mapping[str, str], name: str) -> float | None:
    """Return a variable's number; None where it is missing or none."""
    return parse(name, variables.get(name, "").strip(), "")[0]
