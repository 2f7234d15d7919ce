"""Home Assistant renders templates by Jinja, sandboxed, with ``value``, ``value_json``, ``now()`` and ``tojson``."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment


def render(template: str, payload: str | bytes = b"", now: datetime | None = None) -> str:
    """Render a template as Home Assistant does; an undefined name raises instead of a warning in its log."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    environment.filters["tojson"] = lambda value: json.dumps(value)
    known: dict[str, Any] = {"value": payload, "now": lambda: now}
    with suppress(ValueError):  # a value that is no JSON has no value_json
        known["value_json"] = json.loads(payload)
    return environment.from_string(template).render(known)
