"""What the uplink is configured with, and what is said where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.uplink.adapters.kafka_log import producer_settings
from services.uplink.app import route
from services.uplink.configuration import read, read_to_run
from services.uplink.core.ports import Unavailable
from services.uplink.settings import UplinkSettings
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.kinds import KINDS
from shared.settings import ConfigError, parse_settings
from shared.suite import SuiteSettings
from upskeep.runner.run import services_of

SHIPPED = Path(__file__).parents[3] / "config"
SERVERS = {"UPSKEEP_UPLINK__SERVERS__0": "kafka:9092"}


def context(uplink: bool, **environ: str) -> Context:
    return Context(SHIPPED, environ, SuiteSettings(uplink=uplink), SYSTEM_CLOCK)


def test_as_shipped_there_is_no_uplink_and_nothing_is_asked_of_its_file() -> None:
    """Who has no fleet writes nothing."""
    assert () == read(context(uplink=False)).servers
    with pytest.raises(
        ConfigError, match=r"suite\.yaml:\d+: uplink: this site has no uplink .* write `uplink: true` there"
    ):
        read_to_run(context(uplink=False, **SERVERS))


def test_an_uplink_needs_to_know_where_the_log_is() -> None:
    """And its secrets must be there to be read."""
    with pytest.raises(ConfigError, match=r"uplink\.yaml:\d+: servers: names none; write where the fleet's log is"):
        read(context(uplink=True))
    secret = {"UPSKEEP_UPLINK__SASL__USERNAME": "hut", "UPSKEEP_UPLINK__SASL__PASSWORD_FILE": "/nowhere/secret"}
    with pytest.raises(ConfigError, match=r"sasl\.password_file: /nowhere/secret cannot be read: No such file"):
        read(context(uplink=True, **SERVERS, **secret))
    assert ("kafka:9092",) == read_to_run(context(uplink=True, **SERVERS)).settings.servers


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("servers: [kafka]", "uplink.yaml:1: servers.0: must look like kafka-1.example.org:9092 (got 'kafka')"),
        ("topic: a/b", "topic: String should match pattern"),
        ("sasl: {username: hut}", "username and password_file go together"),
        ("sasl: {mechanism: PLAIN, username: hut, password_file: x}", "PLAIN sends the password as it is"),
        ("tls: {ca_file: x}", "names files, and enabled is false"),
        ("tls: {enabled: true, cert_file: x}", "cert_file and key_file go together"),
        ("records_per_second: 0", "records_per_second: Input should be greater than or equal to 1"),
    ],
    ids=["server", "topic", "login", "plain", "tls off", "certificate", "rate"],
)
def test_a_mistake_is_named_with_what_would_be_right(text: str, fault: str) -> None:
    """One for each."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "uplink.yaml", "uplink", UplinkSettings, {})
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("tls", "sasl", "protocol"),
    [(False, False, "plaintext"), (True, False, "ssl"), (False, True, "sasl_plaintext"), (True, True, "sasl_ssl")],
)
def test_tls_and_login_decide_the_protocol(tmp_path: Path, tls: bool, sasl: bool, protocol: str) -> None:
    """And the password is read from its file each time, so that it may be changed."""
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    settings = UplinkSettings.model_validate(
        {"servers": ["a:1", "b:2"], "tls": {"enabled": tls, **({"ca_file": "ca.pem"} if tls else {})}}
        | ({"sasl": {"username": "hut", "password_file": secret}} if sasl else {})
    )
    found = producer_settings(settings, "upskeep-hut")
    assert ("a:1,b:2", protocol, "all", True) == (
        found["bootstrap.servers"], found["security.protocol"], found["acks"], found["enable.idempotence"],
    )  # fmt: skip
    assert ("ca.pem" if tls else None) == found.get("ssl.ca.location")
    assert (("SCRAM-SHA-512", "hut", "first") if sasl else (None, None, None)) == (
        found.get("sasl.mechanism"), found.get("sasl.username"), found.get("sasl.password"),
    )  # fmt: skip
    secret.unlink()
    if sasl:
        with pytest.raises(Unavailable, match="cannot be read"):
            producer_settings(settings, "upskeep-hut")


def test_a_site_that_only_reads_sends_frames_and_runs_nothing_that_needs_events() -> None:
    """The reader waits for the uplink alone there, and for it nowhere else; what would act is refused."""
    raw, events = SuiteSettings(uplink="raw"), SuiteSettings(uplink=True)
    of_raw, of_event = KINDS["raw"].consumers, KINDS["event"].consumers
    assert (("uplink",), ()) == (raw.awaited("raw", of_raw), raw.awaited("event", of_event))
    assert ("event_processor", "counter_store") == events.awaited("raw", of_raw)
    assert ("counter_store", "alerter", "uplink") == events.awaited("event", of_event)
    kept = SuiteSettings.model_validate({"uplink": "raw", "delivery": {"consumers": {"raw": ["counter_store"]}}})
    assert ("counter_store", "uplink") == kept.awaited("raw", of_raw)

    setup = read_to_run(Context(SHIPPED, SERVERS, raw, SYSTEM_CLOCK))
    assert (("raw",), (), True) == (route(setup).consumes, route(setup).follows, route(setup).consumes_offers)
    of_events = read_to_run(Context(SHIPPED, SERVERS, events, SYSTEM_CLOCK))
    assert (("event",), False) == (route(of_events).consumes, route(of_events).consumes_offers)
    assert ("event",) == route(read_to_run(context(uplink=True, **SERVERS))).consumes
    environ = {"UPSKEEP_SUITE__UPLINK": "raw"}
    assert ("sensor_reader", "uplink", "gateway") == services_of(SHIPPED, environ)
    with pytest.raises(ConfigError, match="raw leaves no states and alerts for host_agent: turn that off"):
        services_of(SHIPPED, {**environ, "UPSKEEP_HOST_AGENT__ENABLED": "true"})
