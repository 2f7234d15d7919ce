"""The contracts of ``.importlinter`` hold, and each of them can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("fleet", "services", "shared", "tools", "upskeep")
LINT = (sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")

APART = "Services talk over MQTT, never by import"
BASE = "Each stands on the next: tools, fleet, upskeep, services, shared"
SHAPE = "Inside a service, one shape"
PURE = "Cores are pure"
PAHO = "paho is behind shared.mqtt"
SMBUS = "smbus2 is behind services.sensor_reader.adapters.machine.smbus"
GPIOD = "gpiod is behind services.sensor_reader.adapters.machine.gpio"
INFLUX = "influxdb_client is behind services.counter_store.adapters.influx.v2"
RE2 = "re2 is behind services.alerter.core.patterns"
APPRISE = "apprise is behind services.alerter.adapters.apprise_sender"
JINJA = "jinja2 is behind the adapters that write texts"
HTTP = "starlette and uvicorn are behind services.gateway.adapters.web"
KAFKA = "confluent_kafka is behind services.uplink.adapters.kafka_log"
HTML = "htpy is behind the gateway's pages"
PROMETHEUS = "prometheus_client is behind services.gateway.adapters.prometheus"
POSTGRESQL = "psycopg is behind fleet.store"
FLEET = "Inside the fleet, one shape"
FLEET_CORES = "What counts at the centre takes cores and settings of services, no more"
ACYCLIC = "No circles among the modules of a package, at any depth"
CONSOLE = "click and rich are for the command line"

ALERTER_CORE = "services/alerter/core/__init__.py"
# where                               what is added                          which contracts that breaks
VIOLATIONS = [
    ("services/alerter/__init__.py",   "import services.counter_store",       {APART}),
    ("shared/topics.py",               "import services.alerter",             {APART, BASE}),
    ("services/alerter/app.py",        "import upskeep.outcome",              {BASE}),
    ("upskeep/outcome.py",             "import tools.docs.topics",            {BASE}),
    ("services/alerter/settings.py",   "import services.alerter.app",         {SHAPE, ACYCLIC}),
    ("services/alerter/utils.py",      "",                                    {SHAPE}),
    (ALERTER_CORE,                     "import services.alerter.settings",    {SHAPE, PURE, ACYCLIC}),
    (ALERTER_CORE,                     "import time",                         {PURE}),
    (ALERTER_CORE,                     "from os import environ",              {PURE}),
    (ALERTER_CORE,                     "import shared.ledger",                {PURE}),
    (ALERTER_CORE,                     "import shared.mqtt",                  {PURE}),
    ("services/alerter/app.py",        "import paho.mqtt.client",             {PAHO}),
    ("services/sensor_reader/app.py",  "import smbus2",                       {SMBUS}),
    ("services/sensor_reader/app.py",  "import gpiod",                        {GPIOD}),
    ("upskeep/cli.py",                 "import influxdb_client",              {INFLUX}),
    ("services/alerter/app.py",        "import apprise",                      {APPRISE}),
    ("services/alerter/app.py",        "import re2",                          {RE2}),
    ("services/alerter/app.py",        "import jinja2",                       {JINJA}),
    ("services/gateway/service.py",    "import starlette.requests",           {HTTP}),
    ("services/gateway/service.py",    "import uvicorn",                      {HTTP}),
    ("services/uplink/app.py",         "import confluent_kafka",              {KAFKA}),
    ("services/gateway/service.py",    "import htpy",                         {HTML}),
    ("services/gateway/service.py",    "import prometheus_client",            {PROMETHEUS}),
    ("services/alerter/settings.py",   "from rich import print",              {CONSOLE}),
    ("upskeep/cli.py",                 "import fleet.settings",               {BASE}),
    ("services/alerter/app.py",        "import fleet.core.spans",             {BASE}),
    ("fleet/core/__init__.py",         "import fleet.settings",               {FLEET, PURE}),
    ("fleet/worker/app.py",            "import psycopg",                      {POSTGRESQL}),
    ("fleet/worker/app.py",            "import services.event_processor.app", {FLEET_CORES}),
    ("tools/bench/live.py",            "import tools.bench.alerts",           {ACYCLIC}),
    ("upskeep/outcome.py",             "import upskeep.runner.run",           {ACYCLIC}),
    ("shared/messages.py",             "import shared.topics",                {ACYCLIC}),
]  # fmt: skip


def lint(folder: Path) -> dict[str, str]:
    """Check the tree in ``folder``; return KEPT or BROKEN for each contract."""
    done = subprocess.run(LINT, cwd=folder, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return found


def test_every_contract_is_kept() -> None:
    """What may import what: see .importlinter."""
    contracts = (
        APART,
        BASE,
        SHAPE,
        PURE,
        PAHO,
        SMBUS,
        GPIOD,
        INFLUX,
        APPRISE,
        JINJA,
        RE2,
        HTTP,
        HTML,
        PROMETHEUS,
        CONSOLE,
        KAFKA,
        POSTGRESQL,
        FLEET,
        FLEET_CORES,
        ACYCLIC,
    )
    assert dict.fromkeys(contracts, "KEPT") == lint(ROOT)


@pytest.mark.parametrize(("where", "added", "broken"), VIOLATIONS)
def test_a_violation_breaks_its_contract(tmp_path: Path, where: str, added: str, broken: set[str]) -> None:
    """One import too many, or one module that has no place in a service's shape."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    with (tmp_path / where).open("a", encoding="utf-8") as file:
        file.write(f"\n{added}\n")
    assert broken == {contract for contract, state in lint(tmp_path).items() if state == "BROKEN"}


def test_what_developers_use_is_not_installed() -> None:
    """Benchmarks and generators stay out of the package; everything else of ours is in it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["packages"]["find"]["include"]
    assert ["fleet", "services", "shared", "upskeep"] == [
        name for name in PACKAGES if any(fnmatch(name, pattern) for pattern in patterns)
    ]


def test_http_is_asked_with_bounds_alone() -> None:
    """A pool of urllib3's own reads without end: everybody asks by ``shared.bounded_http``."""
    files = [path for part in ("fleet", "services", "shared", "upskeep") for path in (ROOT / part).rglob("*.py")]
    found = [path for path in files if re.search(r"PoolManager\(|urlopen\(|http\.client", path.read_text())]

    assert [ROOT / "shared/bounded_http.py"] == found
