"""What tests share: the rule for skipping, the recordings, brokers of both kinds.

With ``UPSKEEP_REQUIRE=all`` (set by CI) nothing is skipped for want of a program: it fails instead, but for those
that ``UPSKEEP_WITHOUT`` names. With ``UPSKEEP_EMULATED`` (set by ``make arm64``) Hypothesis draws 10 examples, not 100.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.support import xdist_groups
from tests.support.authority import Authority
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker, free_port
from tests.support.kafka import JARS, Kafka

ROOT = Path(__file__).resolve().parent.parent

# How long an example takes says something of the machine and nothing of the law.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("emulated", settings.get_profile("any machine"), max_examples=10)
settings.load_profile("emulated" if "UPSKEEP_EMULATED" in os.environ else "any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first; within that, the order is chance's."""
    items.sort(key=lambda item: xdist_groups.turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Say how many workers ``-n auto`` means."""
    return xdist_groups.workers(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand the tests to the workers as ``tests/support/xdist_groups.py`` says."""
    return xdist_groups.scheduler(config, log)


def _missing(what: str, name: str = "") -> NoReturn:
    known = name and name in os.environ.get("UPSKEEP_WITHOUT", "").split()
    if os.environ.get("UPSKEEP_REQUIRE") == "all" and not known:
        pytest.fail(f"{what}, and UPSKEEP_REQUIRE=all forbids to skip", pytrace=False)
    pytest.skip(what)


class Require:
    """Skips, or fails where skipping is forbidden, when something is not to be had here."""

    def program(self, name: str) -> str:
        """Return the path of an installed program, or of one that was built beside Python (make influxd2)."""
        elsewhere = f"{Path(sys.executable).parent}:/usr/sbin:/usr/local/sbin"
        found = shutil.which(name) or shutil.which(name, path=elsewhere)
        return found or _missing(f"{name} is not installed here", name)

    def module(self, name: str) -> ModuleType:
        """Return a module that only tests need: an oracle."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what others import is theirs
            try:
                return importlib.import_module(name)
            except ImportError as error:
                _missing(f"the oracle {name} is not installed here (make .venv/.oracles): {error}")

    def root(self) -> None:
        """Go on only as root."""
        if os.geteuid() != 0:
            _missing("needs root")

    def that(self, holds: object, what: str, name: str = "") -> None:
        """Go on only when ``holds``; ``what`` says what is missing, and ``name`` that it may be."""
        if not holds or (name and name in os.environ.get("UPSKEEP_WITHOUT", "").split()):
            _missing(what, name)


@pytest.fixture(scope="session")
def require() -> Require:
    """What a test needs from the machine."""
    return Require()


@pytest.fixture(scope="session")
def recording() -> Callable[[str], Path]:
    """Return the path of a real recording, kept beside the checkout and not in it."""

    def find(name: str) -> Path:
        path = ROOT.parent / "shared" / "data" / name
        if not path.exists():
            _missing(f"the recording {name} is not beside this checkout (../shared/data)")
        return path

    return find


@pytest.fixture(scope="session")
def kafka(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A real Kafka of one node, which all tests of a worker share: each has topics of its own."""
    require.program("java")
    require.that(JARS.is_dir(), "Kafka's jars are not here (make kafka, which needs Maven)", "kafka")
    require.program("openssl")
    cluster = Kafka(tmp_path_factory.mktemp("kafka"), authority=Authority(tmp_path_factory.mktemp("tls") / "kafka"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def start_broker(require: Require, tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Return a function that starts a real broker of the given kind; all are stopped at the end."""
    running: list[Broker] = []

    def start(kind: str = MOSQUITTO, extra: str = "", port: int | None = None) -> Broker:
        if kind == MOSQUITTO:
            require.program("mosquitto")
        broker = Broker(kind, port or free_port(), tmp_path / f"broker{len(running)}", extra)
        running.append(broker)
        broker.start()
        return broker

    yield start
    for broker in running:
        broker.stop()


@pytest.fixture(params=[pytest.param(MOSQUITTO, marks=pytest.mark.mosquitto), EMBEDDED])
def any_broker(request: pytest.FixtureRequest, start_broker: Callable[..., Broker]) -> Broker:
    """A running broker, once of each kind."""
    return start_broker(request.param)
