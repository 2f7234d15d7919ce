"""Handlers from Python packages: entry points of the group ``upskeep.handlers``.

``handler(event, options)`` is called with the event as it is on the wire (a dict) and the configured options, in a
thread of its own. It may return events to offer: dicts as on ``ingest/…`` (``type``, ``data`` and so on). An exception
is a failed attempt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from itertools import islice
from typing import Any

from pydantic import ValidationError

from services.event_processor.core.pipeline.rules import Plugin
from services.event_processor.core.pipeline.work import Done, Failed, Outcome, Task
from shared.messages import Candidate
from shared.settings import ConfigError, Fault

GROUP = "upskeep.handlers"
DERIVED_MOST = 100

Function = Callable[[dict[str, Any], Mapping[str, Any]], Iterable[Mapping[str, Any]] | None]


def find(name: str, handler: Plugin) -> Function:
    """Return the entry point's function; raises ConfigError with the names there are."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    where = f"pipeline.yaml: handlers.{name}.entry_point"
    if handler.entry_point not in found:
        known = ", ".join(sorted(found)) or "there are none"
        raise ConfigError(
            [Fault(where, "", f"no entry point {handler.entry_point!r} of {GROUP} is installed ({known})")]
        )
    try:
        function = found[handler.entry_point].load()
    except Exception as error:
        raise ConfigError([Fault(where, "", f"{handler.entry_point!r} cannot be loaded: {error!r}")]) from error
    if not callable(function):
        raise ConfigError([Fault(where, "", f"{handler.entry_point!r} is no function but {type(function).__name__}")])
    return function  # type: ignore[no-any-return]  # its types are not known


class PluginCall:
    """Calls one entry point's function."""

    def __init__(self, function: Function, options: Mapping[str, Any]) -> None:
        self._function = function
        self._options = options

    def __call__(self, task: Task) -> Outcome:
        """Call it; it must return events or nothing."""
        returned = list(islice(self._function(json.loads(task.payload), dict(self._options)) or (), DERIVED_MOST + 1))
        if len(returned) > DERIVED_MOST:
            return Failed(f"it returned more than {DERIVED_MOST} events for one", final=True)
        try:
            candidates = [Candidate.model_validate(each) for each in returned]
        except ValidationError as error:
            return Failed(f"what it returned is no event: {error}"[:500], final=True)
        return Done(tuple(_named(each, task, n) for n, each in enumerate(candidates)))

    def close(self) -> None:
        """Do nothing."""


def _named(candidate: Candidate, task: Task, ordinal: int) -> Candidate:
    """The same event never leads to the same one twice."""
    caused = {**candidate.metadata, "caused_by": task.event_id}
    identity = candidate.id or f"{task.event_id}/{ordinal}"
    return candidate.model_copy(update={"id": identity, "metadata": caused})
