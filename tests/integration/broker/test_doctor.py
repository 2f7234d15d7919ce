"""``upskeep doctor`` at a real broker: which services are online there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.messages import Status
from shared.mqtt import Confirmed, MqttClient, Publication
from shared.services import suite_of
from shared.suite import SuiteSettings
from tests.support.brokers import Broker
from upskeep.doctor import installation
from upskeep.doctor.finding import Level, Patient


def test_services_are_judged_by_their_status(start_broker: Callable[..., Broker], tmp_path: Path) -> None:
    """Online, stopped, offline, without a life sign, of another version, and never there."""
    broker = start_broker()
    suite = SuiteSettings(broker=broker.settings)
    now = datetime.now(UTC)
    told = {
        "sensor_reader": {"state": "online", "time": now},
        "event_processor": {"state": "stopped", "time": now},
        "counter_store": {"state": "offline"},
        "alerter": {"state": "online", "time": now - timedelta(hours=1)},
        "gateway": {"state": "online", "time": now, "version": "0.0.1"},
    }
    client = MqttClient(suite.broker, "test", [], persistent=False)
    client.open()
    waiting = [Status.model_validate({"service": name, **more}) for name, more in told.items()]
    confirmed = 0
    while confirmed < len(told):
        waiting = [one for one in waiting if not client.publish(_retained(one, suite), one.service)]
        confirmed += sum(isinstance(arrival, Confirmed) for arrival in client.poll(100, 0.1))
    client.close()

    found = [*installation.broker(Patient(tmp_path, {}, suite))]
    levels = {finding.found.split()[0]: finding.level for finding in found}
    expected = {
        broker.settings.url: Level.OK,
        "sensor_reader": Level.OK,
        "event_processor": Level.WARNING,
        "counter_store": Level.FAULT,
        "alerter": Level.FAULT,
        "gateway": Level.WARNING,
    }
    assert expected | dict.fromkeys(set(suite_of()) - set(told), Level.FAULT) == levels
    assert all(finding.advice for finding in found if finding.level is not Level.OK)
    assert "no life sign for 36" in next(finding.found for finding in found if finding.found.startswith("alerter"))
    wrong = suite.model_copy(update={"site": "elsewhere"})
    absent = [*installation.broker(replace(Patient(tmp_path, {}, wrong)))][1:]
    assert {Level.FAULT} == {finding.level for finding in absent}


def _retained(status: Status, suite: SuiteSettings) -> Publication:
    return Publication(status.topic(suite.topics), status.model_dump_json(exclude_none=True).encode(), retain=True)
