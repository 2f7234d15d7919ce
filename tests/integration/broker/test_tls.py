"""TLS and mutual TLS at a real Mosquitto, and what is said where a certificate does not fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.mqtt import Arrived, Connected, Disconnected, MqttClient, Publication
from shared.suite import BrokerSettings
from tests.conftest import Require
from tests.integration.broker.conftest import Authority
from tests.support.brokers import MOSQUITTO, Broker, free_port

pytestmark = pytest.mark.mosquitto
DEADLINE_S = 90.0
TLS = "allow_anonymous true\ncafile {ca}\ncertfile {cert}\nkeyfile {key}\n"
MUTUAL = TLS + "require_certificate true\nuse_identity_as_username true\n"
Start = Callable[..., int]


@pytest.fixture
def start(tmp_path: Path, require: Require) -> Iterator[Start]:
    """Start a Mosquitto with a certificate; returns its port."""
    require.program("mosquitto")
    brokers: list[Broker] = []

    def begin(lines: str, authority: Authority, cert: Path, key: Path) -> int:
        extra = lines.format(ca=authority.pem, cert=cert, key=key)
        brokers.append(Broker(MOSQUITTO, free_port(), tmp_path / "broker", extra))
        brokers[-1].start()
        return brokers[-1].port

    yield begin
    for broker in brokers:
        broker.stop()


@dataclass
class Certificates:
    """The server's and a client's certificate of one authority."""

    authority: Authority
    server: tuple[Path, Path]
    client: tuple[Path, Path]


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Certificates:
    return Certificates(authority, authority.sign("server", san="IP:127.0.0.1"), authority.sign("alerter"))


def outcome(port: int, **settings: object) -> str:
    """Return "connected", or why a client with these settings is not."""
    scheme = settings.pop("scheme", "mqtts")
    broker = BrokerSettings.model_validate({"url": f"{scheme}://127.0.0.1:{port}", **settings})
    client = MqttClient(broker, "visitor", ["t"], persistent=False)
    client.open()
    try:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            for arrival in client.poll(10, 0.1):
                if isinstance(arrival, Connected):
                    return "connected"
                if isinstance(arrival, Disconnected):
                    return arrival.reason
    finally:
        client.close()
    raise AssertionError("nothing happened")


def test_a_message_goes_through_tls_with_certificates_on_both_sides(start: Start, ours: Certificates) -> None:
    """The broker asks for the client's certificate and gets it."""
    port = start(MUTUAL, ours.authority, *ours.server)
    cert, key = ours.client
    settings = BrokerSettings(url=f"mqtts://127.0.0.1:{port}", ca_file=ours.authority.pem, cert_file=cert, key_file=key)
    client = MqttClient(settings, "visitor", ["t"], persistent=False)
    client.open()
    try:
        deadline, sent, seen = time.monotonic() + DEADLINE_S, False, []
        while not seen and time.monotonic() < deadline:
            seen = [each for each in client.poll(10, 0.05) if isinstance(each, Arrived)]
            sent = sent or client.publish(Publication("t", b"through"))
        assert [b"through"] == [each.payload for each in seen]
    finally:
        client.close()


def test_a_client_without_a_certificate_is_refused_and_says_so(start: Start, ours: Certificates) -> None:
    """Not as a broker that is not there, and not as one of another protocol."""
    port = start(MUTUAL, ours.authority, *ours.server)
    said = outcome(port, ca_file=ours.authority.pem)
    assert f"127.0.0.1:{port} does not accept this client's certificate" in said
    assert said.endswith("without one; set broker.cert_file and key_file")


def test_a_certificate_of_another_authority_is_refused_and_named(
    start: Start, ours: Certificates, stranger: Authority
) -> None:
    """The broker does not know who signed it."""
    port = start(MUTUAL, ours.authority, *ours.server)
    cert, key = stranger.sign("intruder")
    said = outcome(port, ca_file=ours.authority.pem, cert_file=cert, key_file=key)
    assert f"127.0.0.1:{port} does not accept this client's certificate" in said
    assert str(cert) in said


def test_a_broker_that_another_authority_signed_is_not_believed(
    start: Start, ours: Certificates, stranger: Authority
) -> None:
    """With a ca_file of one's own, and with what the system trusts."""
    port = start(TLS, ours.authority, *ours.server)
    assert (
        f"the certificate of 127.0.0.1:{port} is not accepted: self signed certificate in certificate chain; "
        f"is {stranger.pem} the authority that signed it?"
    ) == outcome(port, ca_file=stranger.pem).replace("self-signed", "self signed").replace(
        "unable to get local issuer certificate", "self signed certificate in certificate chain"
    )
    assert outcome(port).endswith("; set broker.ca_file")


def test_a_certificate_for_another_host_is_not_believed(start: Start, authority: Authority) -> None:
    """The name in the address counts."""
    port = start(TLS, authority, *authority.sign("elsewhere", san="DNS:elsewhere.example.org"))
    said = outcome(port, ca_file=authority.pem)
    assert f"the certificate of 127.0.0.1:{port} is not accepted: " in said
    assert "127.0.0.1" in said.partition("accepted: ")[2]


def test_a_certificate_that_has_expired_is_named_as_such(start: Start, authority: Authority) -> None:
    """It was good until yesterday."""
    port = start(TLS, authority, *authority.sign("old", san="IP:127.0.0.1", days=-1))
    assert f"the certificate of 127.0.0.1:{port} has expired" == outcome(port, ca_file=authority.pem)


def test_a_port_without_tls_is_named_as_such(start_plain: int, ours: Certificates) -> None:
    """It is there, and it speaks MQTT only."""
    said = outcome(start_plain, ca_file=ours.authority.pem)
    assert f"127.0.0.1:{start_plain} ends the connection (Connection reset by peer); does it speak TLS" in said


@pytest.fixture
def start_plain(tmp_path: Path, require: Require) -> Iterator[int]:
    require.program("mosquitto")
    broker = Broker(MOSQUITTO, free_port(), tmp_path / "plain", "allow_anonymous true")
    broker.start()
    yield broker.port
    broker.stop()


def test_files_that_do_not_fit_are_named_before_anybody_connects(
    start: Start, ours: Certificates, tmp_path: Path
) -> None:
    """Missing, no PEM, and a key that is another's."""
    port, (cert, _), (_, other_key) = start(TLS, ours.authority, *ours.server), ours.client, ours.server
    text = tmp_path / "text"
    text.write_text("hello")
    gone = tmp_path / "gone"
    assert f"broker.ca_file {gone} cannot be read: No such file or directory" == outcome(port, ca_file=gone)
    assert f"broker.ca_file {text} holds no certificate in PEM form" == outcome(port, ca_file=text)
    with_ca = {"ca_file": ours.authority.pem, "cert_file": cert}
    assert f"broker.key_file {gone} cannot be read: No such file or directory" == outcome(
        port, **with_ca, key_file=gone
    )
    assert f"broker.key_file {other_key} is not the key of the certificate in {cert}" == outcome(
        port, **with_ca, key_file=other_key
    )
    assert outcome(port, **{**with_ca, "cert_file": text}).startswith(f"broker.cert_file {text} with key_file {text}: ")
    assert f"broker.password_file {gone} cannot be read: No such file or directory" == outcome(
        port, ca_file=ours.authority.pem, username="alerter", password_file=gone
    )
