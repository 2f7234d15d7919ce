"""Live runs for tests: started in a folder of the test's own, stopped at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Require
from tests.support.brokers import EMBEDDED, MOSQUITTO
from tests.support.live_suite import Live


@pytest.fixture(params=[pytest.param(MOSQUITTO, marks=pytest.mark.mosquitto), EMBEDDED])
def broker_kind(request: pytest.FixtureRequest, require: Require) -> str:
    """The runner's broker, once of each kind."""
    if request.param == MOSQUITTO:
        require.program("mosquitto")
    return str(request.param)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Return a function that starts a run; all are stopped at the end."""
    runs: list[Live] = []

    def start(how: Callable[..., Live], *arguments: Any, **options: Any) -> Live:
        folder = tmp_path / f"run{len(runs)}"
        folder.mkdir()
        runs.append(how(folder, *arguments, **options))
        return runs[-1]

    yield start
    for run in runs:
        run.stop()
