r"""InfluxDB line protocol: one point is one line, ``measurement,tag=… field=…,field=… time_ns``.

Rules, each there because a server of some version does otherwise the wrong thing:
1. A float stays a float and an int gets its ``i``: the first write fixes a field's type. Callers choose.
2. NaN, infinities and integers beyond 64 bits have no spelling; such a field is left out.
3. A point without fields, or outside the years 1678 to 2262, is no point: ``encode_point`` returns None.
4. In tags and keys a backslash cannot be distinguished from an escape, and a line break ends the line; they become
   ``/`` and a space. String fields keep both.

Source: InfluxDB 1.8 "line protocol reference"; limits as InfluxDB 1.6.7 answers them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

Field = bool | int | float | str

FIRST_NS = -9223372036854775806
LAST_NS = 9223372036854775806

_KEY = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ ", "\r": "\\ ", "\0": "\\ ", "\\": "/"})
_TEXT = str.maketrans({"\\": "\\\\", '"': '\\"', "\0": " "})


def encode_point(
    measurement: str, tags: Mapping[str, str | None], fields: Mapping[str, Field], time_ns: int
) -> str | None:
    """Return the line, tags sorted; a tag without a value is left out. None if there is nothing to write."""
    written = [
        f"{name.translate(_KEY)}={text}" for name, value in fields.items() if name and (text := encode_field(value))
    ]
    if not written or not FIRST_NS <= time_ns <= LAST_NS:
        return None
    series = [measurement.translate(_KEY)]
    series += [f"{name.translate(_KEY)}={value.translate(_KEY)}" for name, value in sorted(tags.items()) if value]
    return f"{','.join(series)} {','.join(written)} {time_ns}"


def encode_field(value: Field) -> str | None:
    """Return one value as line protocol spells it, or None where it has no spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i" if -(2**63) <= value < 2**63 else None
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else None
    return f'"{value.translate(_TEXT)}"'
