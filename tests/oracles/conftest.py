"""Oracles: independent drivers from PyPI, run over our simulated chips and compared with ours."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType

import pytest

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from tests.conftest import Require

Oracle = Callable[[str], ModuleType]


@pytest.fixture
def oracle(require: Require) -> Oracle:
    """Return a driver's module by name; skip where it is not installed."""
    return require.module


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> SimulatedBus:
    """A bus whose time passes when a driver sleeps."""
    simulated = SimulatedBus()
    monkeypatch.setattr(time, "sleep", simulated.wait)
    monkeypatch.setattr(time, "monotonic", lambda: simulated.now)
    return simulated
