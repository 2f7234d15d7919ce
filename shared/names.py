"""What a name may be: on the wire, in a topic, in a file."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}\Z")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,128}$")]


def type_levels(category: str, event_type: str) -> str:
    """Turn an event type into topic levels: dots become slashes, a leading category is not repeated.

    ``("sensor", "sensor.threshold.exceeded")`` → ``threshold/exceeded``; ``("power", "AC_POWER_LOSS")`` stays.
    """
    return event_type.removeprefix(category + ".").replace(".", "/")
