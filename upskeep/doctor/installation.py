"""What Upskeep itself needs: a sound configuration, a broker with services online, InfluxDB, ledgers it can read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from services.counter_store.configuration import read as read_counter_store
from shared import __version__
from shared.bounded_http import BoundedHttp
from shared.client.client import Client, ClientError
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.ledger.migrations import due, newest, version_of_file
from shared.messages import Status
from shared.settings import ConfigError
from upskeep.check import check_config, doubts
from upskeep.doctor.finding import Finding, Level, Patient
from upskeep.service_apps import SERVICES

PING_S = 5.0
PING_BYTES = 65_536
QUIET_S = 180.0  # a heartbeat comes every 10 s: HEARTBEAT_S of shared/delivery/status_pace.py
START = "`make run` or `docker compose up -d --wait` starts the suite"


def configuration(patient: Patient) -> Iterator[Finding]:
    """Every file, read as the services read it."""
    try:
        found = doubts(check_config(patient.config, patient.environ))
    except ConfigError as error:
        for fault in error.faults:
            yield Finding("configuration", Level.FAULT, str(fault), "correct the file; `upskeep check` tries it again")
        return
    for doubt in found:
        yield Finding("configuration", Level.WARNING, doubt, "correct it if it is a slip")
    if not found:
        yield Finding("configuration", Level.OK, f"every file in {patient.config} is good")


def broker(patient: Patient) -> Iterator[Finding]:
    """Whether the broker answers, and which services are online there."""
    url = patient.suite.broker.url
    try:
        with Client(patient.suite) as client:
            statuses = {status.service: status for status in client.retained("status", Status)}
    except ClientError as error:
        yield Finding("broker", Level.FAULT, str(error))  # which says what to do
        return
    yield Finding("broker", Level.OK, f"{url} answers")
    for name in dict.fromkeys([*patient.suite.services, *sorted(statuses)]):
        yield _service(name, statuses.get(name), datetime.now(UTC))


def _service(name: str, status: Status | None, now: datetime) -> Finding:
    if status is None:
        return Finding("services", Level.FAULT, f"{name} has never been at this broker", START)
    if status.state == "stopped":
        return Finding("services", Level.WARNING, f"{name} is stopped", START)
    if status.state == "offline":
        advice = "it starts again by itself where the suite runs; its log says why it ended"
        return Finding("services", Level.FAULT, f"{name} is offline", advice)
    if status.time is not None and (quiet_s := (now - status.time).total_seconds()) > QUIET_S:
        advice = "restart it; is the clock of its host right?"
        return Finding("services", Level.FAULT, f"{name} has given no life sign for {quiet_s:.0f} s", advice)
    if status.version not in (None, __version__):
        found = f"{name} is online with version {status.version}, and this is {__version__}"
        return Finding("services", Level.WARNING, found, "install the same version everywhere")
    if reason := status.figures.get("log_last_error"):
        waiting = status.figures.get("log_pending", 0)
        found = f"{name} is online, and cannot send to the fleet's log: {reason}; {waiting} records wait"
        return Finding(
            "services", Level.WARNING, found, "nothing is lost meanwhile; check config/uplink.yaml, and Kafka"
        )
    return Finding("services", Level.OK, f"{name} is online")


def influxdb(patient: Patient) -> Iterator[Finding]:
    """Whether InfluxDB answers, where counter_store writes to one."""
    context = Context(patient.config, patient.environ, patient.suite, SYSTEM_CLOCK)
    try:
        settings = read_counter_store(context).store.influx
    except ConfigError:
        return
    if not settings.enabled:
        yield Finding("influxdb", Level.OK, "not used: `influx.enabled` is false in counter_store.yaml")
        return
    try:
        authorities = str(settings.ca_file) if settings.ca_file else None
        http = BoundedHttp(Timeout(PING_S), PING_S, PING_BYTES, authorities)
        status = http.request("GET", f"{settings.url}/ping").status
        http.clear()
    except (HTTPError, OSError) as error:
        advice = "start it, or correct `influx.url`; points wait meanwhile, and no count is lost"
        yield Finding("influxdb", Level.FAULT, f"{settings.url} does not answer: {error}", advice)
        return
    if status in (200, 204, 401):  # 3 Core asks for a token even here
        yield Finding(
            "influxdb", Level.OK, f"{settings.url} answers; `upskeep influx setup --dry-run` checks what is in it"
        )
    else:
        yield Finding("influxdb", Level.WARNING, f"{settings.url} answers /ping with {status}", "is this InfluxDB?")


def ledgers(patient: Patient) -> Iterator[Finding]:
    """The ledgers of the data folder: readable, and of no later version than this program's."""
    data, seen = patient.suite.data, False
    for service in SERVICES:
        path = data / service.route.name / "ledger.sqlite"
        if not path.exists():
            continue
        seen, version, known = True, version_of_file(path), newest(service.schema)
        if version is None:
            advice = "the service sets it aside and begins anew when it starts (docs/adr/0007-damaged-ledgers.md)"
            yield Finding("ledgers", Level.FAULT, f"{path} cannot be read", advice)
        elif version.shared > known.shared or version.own > known.own:
            found = f"{path} was written by Upskeep {version.by}, and this is {__version__}"
            yield Finding("ledgers", Level.FAULT, found, "install that version again, or a later one")
        elif due(version, service.schema):
            advice = "nothing to do: it is upgraded at the next start, and a copy is kept"
            yield Finding("ledgers", Level.OK, f"{path} has tables {version} of {known}", advice)
        else:
            yield Finding("ledgers", Level.OK, f"{path} has tables {version}")
        for aside in sorted(path.parent.glob("ledger.sqlite.damaged-*Z")):
            advice = "what could be saved from it has been; delete it when you no longer need it"
            yield Finding("ledgers", Level.WARNING, f"{aside} is a damaged ledger set aside", advice)
    if not seen:
        yield Finding("ledgers", Level.OK, f"there is none in {data} yet")
