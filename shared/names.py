"""What a name, an id and a text may be on the wire, in a topic and in a file.

A length is ``max_length`` and never counted by the pattern: 127 times any letter takes pydantic's engine 2 MB a field.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

NAME = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,127}\Z")  # as ``Name``
Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_\-][A-Za-z0-9_.\-]*$", max_length=128)
]  # no folder and no file is called "..", ".x"
NameOrNone = Annotated[
    str, Field(pattern=r"^([A-Za-z0-9_\-][A-Za-z0-9_.\-]*)?$", max_length=128)
]  # "": stamped by the outbox
DottedName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*$", max_length=128)
]  # levels of a topic

# Ids and labels travel in MQTT user properties, log lines and CSV: no control characters, nothing MQTT forbids.
_PLAIN = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]"
Id = Annotated[str, Field(pattern=rf"^{_PLAIN}+$", max_length=512)]
Label = Annotated[str, Field(pattern=rf"^{_PLAIN}+$", max_length=128)]
Path = Annotated[str, Field(pattern=rf"^{_PLAIN}+$", max_length=300)]  # two labels with a slash between them
Text = Annotated[str, Field(max_length=1_048_576)]  # for people; whoever shows it makes it safe for that place


def _blank_is_absent(value: Any) -> Any:
    """A template renders what is undefined as nothing: ``""`` where a name or an id may be absent says that it is."""
    return None if isinstance(value, str) and not value.strip() else value


Blank = BeforeValidator(_blank_is_absent)


def _cut(value: Any) -> Any:
    return f"{value[: LONGEST_REMARK - 1]}…" if isinstance(value, str) and len(value) > LONGEST_REMARK else value


LONGEST_REMARK = 1000
Remark = Annotated[str, BeforeValidator(_cut), Field(max_length=LONGEST_REMARK)]  # what is longer is cut
OptionalName = Annotated[Name | None, Blank]


def type_levels(category: str, event_type: str) -> str:
    """Turn an event type into topic levels: dots become slashes, a leading category is not repeated.

    ``("sensor", "sensor.threshold.exceeded")`` → ``threshold/exceeded``; ``("power", "AC_POWER_LOSS")`` stays.
    """
    return event_type.removeprefix(category + ".").replace(".", "/")
