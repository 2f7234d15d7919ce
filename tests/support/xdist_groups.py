"""How the tests are shared out over the cores (pytest-xdist).

1. A file stays whole, on one worker: what a module shares is made once.
2. What starts a whole suite, containers or a guest goes by two lanes: those of a lane are done one after another, by
   one worker, and both lanes begin at once. They wait for half of their time, so there is one worker more than cores.
   The machine is busy then, and no test may hang on how fast something goes: it waits for what is to come true, with
   a deadline.
3. Where there is one core there are no workers: pytest does it all by itself.

Every worker collects the tests for itself; names of cases that differ between two (an address, the order of a set) end
the run at its start.
"""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# Beginnings of paths by lane, in the order of their turns. The longest come last: the other workers are done by then.
LANES = {
    "suites": ("tests/e2e/", "tests/integration/host_agent/", "tests/integration/delivery/test_new_service.py"),
    "machines": (
        "tests/cases/",
        "tests/contract/test_i2c_bus.py",
        "tests/contract/test_gpio_lines.py",
        "tests/contract/test_site_log.py",
        "tests/integration/uplink/",
        "tests/integration/fleet/",
        "tests/containers/",
    ),
}
# Of the rest, what takes longest comes first, or one worker would be left with it at the end; what computes and what
# waits by turns. All others come as chance has it, so that both kinds run side by side to the end.
LONG = (
    "tests/wheel/",
    "tests/integration/gateway/",
    "tests/unit/upskeep/why/test_golden_scenarios.py",
    "tests/integration/delivery/test_takeover.py",
    "tests/unit/shared/test_accepted_payloads.py",
    "tests/integration/sensor_reader/",
    "tests/unit/alerter/test_recordings.py",
    "tests/contract/test_upsd.py",
    "tests/unit/shared/test_crash_points.py",
    "tests/integration/clock/test_stages.py",
    "tests/unit/upskeep/playback/test_compare.py",
    "tests/integration/counter_store/test_influxdb.py",
    "tests/unit/alerter/test_storm.py",
    "tests/unit/alerter/test_timelines.py",
    "tests/integration/hostile/test_http_servers.py",
    "tests/unit/sensor_reader/test_simulation.py",
)
ORDER = (*chain(*LANES.values()), *LONG, "")


def turn(nodeid: str) -> int:
    """Return when a test's turn is: the lower the earlier."""
    return next(number for number, path in enumerate(ORDER) if nodeid.startswith(path))


def scope(nodeid: str) -> str:
    """Return what a test is handed out with: its lane, or its file."""
    file = nodeid.partition("::")[0]
    return next((lane for lane, paths in LANES.items() if nodeid.startswith(paths)), file)


def workers(config: pytest.Config) -> int:
    """Return how many workers ``-n auto`` means here; 0 is none, and pytest does it by itself."""
    cores = len(os.sched_getaffinity(0))
    return 0 if cores == 1 or config.getvalue("usepdb") or config.getvalue("collectonly") else cores + 1


def scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return what hands the tests to the workers."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    config.option.loadscopereorder = False  # by number of tests, which says little of their time: the order is ours
    return ByFile(config, log)


def is_mine(port: int) -> bool:
    """Say whether a free port is this worker's to take: no two workers may take the same.

    In pairs, for some need two that follow each other.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return port // 2 % int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) == worker
