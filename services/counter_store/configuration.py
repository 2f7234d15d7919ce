"""The store's configuration: its three files together."""

from __future__ import annotations

from services.counter_store.settings import LoadedSettings, load
from shared.context import Context
from shared.read_once import read_once


@read_once
def read(context: Context) -> LoadedSettings:
    """Return the settings; raises ConfigError with every fault."""
    return load(context.folder, context.environ)
