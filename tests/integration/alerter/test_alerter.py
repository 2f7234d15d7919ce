"""The alerter as a process of its own on real brokers, with a webhook and a mail server that are real too."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.integration.alerter.conftest import Receiving
from tests.support import processes
from tests.support.brokers import Broker, free_port
from tests.support.http_receiver import HOST
from tests.support.live_suite import upskeep
from tests.support.mqtt_probe import TOPICS, MqttProbe

GONE = "gauge"
ROOT = Path(__file__).parents[3]


def configure(folder: Path, broker: Broker, hook: Receiving, mailbox: Receiving) -> Path:
    """Write a configuration that tells three receivers of a service that is gone."""
    config = folder / "config"
    config.mkdir()
    url = folder / "mail.url"
    url.write_text(f"mailto://{HOST}:{mailbox.port}?from=upskeep@example.org&to=anna@example.org&mode=insecure\n")
    words = {"title": "{{ alerts[0].annotations.summary }}"}
    alerts = {
        "rules": {"gone": {"offline": {"service": GONE}, "annotations": {"summary": "{service} is gone"}}},
        "route": {
            "receiver": "ops",
            "group_wait": "0s",
            "routes": [
                {"matchers": ['service="nobody"'], "receiver": "nowhere"},
                {"receiver": "mail", "matchers": ['service=~".+"'], "continue": True},
                {"receiver": "ops"},
            ],
        },
        "receivers": [
            {"name": "ops", "webhook": {"url": f"http://{HOST}:{hook.port}/hook"}},
            {"name": "mail", "mqtt": False, "apprise": {"url_file": str(url)}, **words},
            {"name": "nowhere", "webhook": {"url": f"http://{HOST}:{free_port()}/hook"}},
        ],
    }
    suite = {"broker": {"url": broker.settings.url}, "data": str(folder / "data")}
    for name, content in (("alerts", alerts), ("suite", suite), ("event_counters", {})):
        (config / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return config


@contextmanager
def alerter(config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service."""
    with log.open("ab") as err:
        process = processes.Popen(
            [sys.executable, "-m", "services.alerter", "--config", str(config)], cwd=ROOT, stderr=err
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def figures(probe: MqttProbe) -> dict[str, Any]:
    """Return the figures that the alerter said last; none before it is there."""
    said = probe.seen.get(TOPICS.build("status", "alerter"), [b"{}"])[-1]
    status = json.loads(said)
    return dict(status.get("figures", {})) if status.get("state") == "online" else {}


def notices(probe: MqttProbe, receiver: str) -> list[dict[str, Any]]:
    """Return the notices on a receiver's topic, those of each id once."""
    found = [json.loads(payload) for payload in probe.seen.get(TOPICS.build("notice", receiver), [])]
    return list({notice["id"]: notice for notice in found}.values())


def test_a_notice_goes_every_way_once_though_receivers_are_down_and_the_alerter_is_killed(
    any_broker: Broker, receiving: Callable[[str], Receiving], tmp_path: Path
) -> None:
    """MQTT at once; mail and webhook when they are back, after a kill that comes in between."""
    hook, mailbox = receiving("http"), receiving("smtp")
    config, log = configure(tmp_path, any_broker, hook, mailbox), tmp_path / "log"
    gone = TOPICS.build("status", GONE)
    with MqttProbe(any_broker.port) as probe:
        with alerter(config, log) as running:
            probe.until(lambda: figures(probe), "the alerter is there")
            probe.publish(gone, json.dumps({"service": GONE, "state": "online"}).encode(), retain=True)
            probe.publish(gone, json.dumps({"service": GONE, "state": "offline"}).encode(), retain=True)
            probe.until(lambda: notices(probe, "ops"), "a notice over MQTT")
            probe.until(lambda: figures(probe).get("notices_waiting") == 2, "two wait")
            running.send_signal(signal.SIGKILL)
            running.wait()
        probe.seen.pop(TOPICS.build("status", "alerter"))
        hook.start()
        mailbox.start()
        with alerter(config, log) as running:
            (took,), (mail,) = hook.until(1), mailbox.until(1)
            probe.until(lambda: figures(probe).get("notices_sent") == 2, "both are sent")
            assert 0 == figures(probe)["notices_waiting"]
            running.send_signal(signal.SIGTERM)
            assert 0 == running.wait(120)

    (told,) = notices(probe, "ops")
    assert [] == notices(probe, "mail")
    assert (told["id"], "firing", "gone") == (
        took["headers"]["idempotency-key"],
        took["body"]["status"],
        took["body"]["alerts"][0]["labels"]["alertname"],
    )
    assert f"{GONE} is gone" == mail["headers"]["Subject"]
    assert (1, 1) == (len(hook.took()), len(mailbox.took()))


def test_a_test_message_goes_the_real_way_and_its_outcome_is_printed(
    any_broker: Broker, receiving: Callable[[str], Receiving], tmp_path: Path
) -> None:
    """Sent, or why not; an unknown receiver is told with those there are."""
    hook, mailbox = receiving("http"), receiving("smtp")
    hook.start()
    mailbox.start()
    config = configure(tmp_path, any_broker, hook, mailbox)
    with MqttProbe(any_broker.port) as probe, alerter(config, tmp_path / "log"):
        probe.until(lambda: figures(probe), "the alerter is there")
        place = ("--config", config, "--broker", any_broker.settings.url, "--by", "ann")
        one = upskeep("alert-test", "mail", *place)
        every = upskeep("alert-test", *place)
        stranger = upskeep("alert-test", "nobody", *place)
        assert (0, "") == (one.returncode, one.stderr)
        probe.until(lambda: notices(probe, "ops"), "the test over MQTT")

    assert (0, "mail.apprise: sent\n") == (one.returncode, one.stdout)
    assert ["test of mail"] * 2 == [mail["headers"]["Subject"] for mail in mailbox.took()]
    assert 1 == every.returncode
    assert ["mail.apprise: sent", "ops.webhook: sent", "ops: on the topic notice/ops"] == [
        line for line in sorted(every.stdout.splitlines()) if not line.startswith("nowhere")
    ]
    assert "nowhere.webhook: not sent: " in every.stdout
    assert "test" == notices(probe, "ops")[0]["reason"]
    assert (1, True) == (stranger.returncode, "there is mail, nowhere, ops" in stranger.stderr)
