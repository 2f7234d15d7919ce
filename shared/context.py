"""What a service is built from: a module of its own, for whoever reads settings and starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.clock import Clock
from shared.suite import SuiteSettings


@dataclass(frozen=True, slots=True)
class Context:
    """What a service is built from."""

    folder: Path
    environ: Mapping[str, str]
    suite: SuiteSettings
    clock: Clock

    @property
    def data(self) -> Path:
        """The folder of all services' data."""
        return self.suite.data
