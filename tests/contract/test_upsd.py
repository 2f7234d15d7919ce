"""One contract, two NUT servers: our fake, and Debian's ``upsd`` with ``dummy-ups``. Our client sees no difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.sensor_reader.adapters.remote.nut import NutUps, ups_names
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.settings import NutSettings
from tests.conftest import Require
from tests.support.fakes.upsd import FakeUpsd
from tests.support.nut.upsd import PASSWORD, UPS, USER, Certificate, Upsd, nut_program
from tests.support.waiting import until

Server = FakeUpsd | Upsd
Ups = Callable[..., NutUps]


@pytest.fixture(scope="module")
def certificate(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost."""
    for program in ("openssl", "certutil", "pk12util"):
        require.program(program)
    return Certificate.make(tmp_path_factory.mktemp("tls") / "made")


def _start(kind: str, require: Require, folder: Path, certificate: Certificate | None = None) -> Server:
    if kind == "real":
        require.that(nut_program("upsd"), "NUT's upsd (nut-server) is not installed here")
        require.that(nut_program("dummy-ups"), "NUT's dummy-ups (nut-server) is not installed here")
        require.program("upsc")
    server: Server = FakeUpsd(certificate) if kind == "fake" else Upsd(folder / "nut", certificate)
    server.start()
    return server


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.nut)])
def kind(request: pytest.FixtureRequest) -> str:
    """Which server."""
    return str(request.param)


@pytest.fixture
def server(kind: str, require: Require, tmp_path: Path) -> Iterator[Server]:
    """A running server without TLS."""
    running = _start(kind, require, tmp_path)
    yield running
    running.end()


@pytest.fixture
def tls_server(kind: str, require: Require, tmp_path: Path, certificate: Certificate) -> Iterator[Server]:
    """A running server with TLS."""
    running = _start(kind, require, tmp_path, certificate)
    yield running
    running.end()


@pytest.fixture
def connect() -> Iterator[Ups]:
    """Return a function that makes our client; all are closed at the end."""
    made: list[NutUps] = []

    def client(server: Server, **settings: object) -> NutUps:
        ups = NutUps(NutSettings.model_validate({"ups": UPS, "port": server.port, **settings}))
        made.append(ups)
        return ups

    yield client
    for ups in made:
        ups.close()


def outcome(ups: NutUps) -> Reading | str:
    """Return a reading, or the code of the error."""
    try:
        return ups.read()
    except PortError as error:
        return error.code


def shows(ups: NutUps, **values: object) -> bool:
    """Say whether a read gives these values."""
    said = outcome(ups)
    return isinstance(said, Reading) and values.items() <= dict(said.values).items()


def failure(ups: NutUps) -> str:
    """Return what a read that fails says."""
    with pytest.raises(PortError) as caught:
        ups.read()
    return str(caught.value)


def test_what_the_ups_shows_is_read(server: Server, connect: Ups) -> None:
    """Status and numbers; what follows on the same connection is new."""
    ups = connect(server)
    server.show(ups__status="OB DISCHRG LB", battery__charge="12.5", ups__mfr='A "B" \\ ü', input__voltage="0.0")
    until(lambda: shows(ups, ac_present=False, battery_low=True, charging=False, state_of_charge=12.5), "on battery")

    server.show(ups__status="OL CHRG", battery__charge="13", input__voltage="230")
    until(lambda: shows(ups, ac_present=True, battery_low=False, charging=True, state_of_charge=13), "on line")


def test_stale_data_are_no_data(server: Server, connect: Ups) -> None:
    """The server says so, on a connection that goes on; afterwards the values are there again."""
    ups = connect(server)
    until(lambda: shows(ups, ac_present=True), "on line")

    server.freeze()
    until(lambda: outcome(ups) == "stale", "the data are stale")
    assert "DATA-STALE" in failure(ups)

    server.thaw()
    until(lambda: shows(ups, ac_present=True), "on line again")


def test_a_lost_driver_is_nobody(server: Server, connect: Ups) -> None:
    """The server is there and the UPS's driver is not."""
    ups = connect(server)
    until(lambda: shows(ups, ac_present=True), "on line")

    server.lose_driver()
    until(lambda: outcome(ups) == "nack", "the driver is gone")
    assert "DRIVER-NOT-CONNECTED" in failure(ups)

    server.regain_driver()
    until(lambda: shows(ups, ac_present=True), "on line again")


def test_a_server_that_is_down_is_nobody_and_one_that_is_back_is_read_at_once(server: Server, connect: Ups) -> None:
    """The dead connection costs no poll: the very first read after the server is back gives values."""
    ups = connect(server)
    until(lambda: shows(ups, ac_present=True), "on line")

    server.stop()
    assert failure(ups) == (
        f"nack: 127.0.0.1:{server.port}: nobody listens there; does upsd run, and LISTEN on this address?"
    )

    server.restart()
    until(lambda: shows(ups, ac_present=True), "on line again")
    server.stop()
    server.restart()
    until(lambda: shows(connect(server), ac_present=True), "another client sees it on line")
    assert shows(ups, ac_present=True)


def test_a_server_that_hangs_is_left_after_the_timeout(server: Server, connect: Ups) -> None:
    """And read again when it goes on."""
    ups = connect(server, timeout_s=0.3)
    until(lambda: shows(ups, ac_present=True), "on line")

    server.hang()
    assert failure(ups).startswith(f"timeout: 127.0.0.1:{server.port}: no answer in time")

    server.wake()
    until(lambda: shows(ups, ac_present=True), "on line again")


def test_a_ups_the_server_does_not_know_is_named_with_those_it_does(server: Server, connect: Ups) -> None:
    """So that a misspelt name is seen at once."""
    assert failure(connect(server, ups="rock")) == (
        f'refused: 127.0.0.1:{server.port}: LIST VAR "rock": UNKNOWN-UPS: the server knows no UPS of this name;'
        " it knows: rack"
    )


def test_a_wrong_password_is_refused_at_login(server: Server, connect: Ups, tmp_path: Path) -> None:
    """A server takes any password until it matters; LOGIN is where it does."""
    (tmp_path / "secret").write_text("guess\n")
    said = failure(connect(server, username=USER, password_file=tmp_path / "secret", login=True))

    assert said.startswith(f"refused: 127.0.0.1:{server.port}: LOGIN rack: ACCESS-DENIED: ")


def test_only_with_login_do_we_count_as_a_client(server: Server, connect: Ups, tmp_path: Path) -> None:
    """A primary waits for those who are logged in before it cuts the power."""
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    known = {"username": USER, "password_file": tmp_path / "secret"}
    until(lambda: shows(connect(server), ac_present=True), "on line")

    assert shows(connect(server, **known), ac_present=True)
    assert 0 == server.clients()

    ups = connect(server, **known, login=True)
    assert shows(ups, ac_present=True)
    assert 1 == server.clients()

    ups.close()
    until(lambda: server.clients() == 0, "logged out")


def test_tls_is_taken_where_it_is_wanted(tls_server: Server, connect: Ups, certificate: Certificate) -> None:
    """Checked against the file, by name and by address; ``try`` takes what there is."""
    for settings in (
        {"tls": "require", "ca_file": certificate.pem, "host": "localhost"},
        {"tls": "require", "ca_file": certificate.pem, "host": "127.0.0.1"},
        {"tls": "try"},
        {"tls": "off"},
    ):
        ups = connect(tls_server, **settings)
        until(lambda ups=ups: shows(ups, ac_present=True), f"on line with {settings}")
        assert (settings["tls"] != "off") == ups.encrypted


def test_a_certificate_nobody_vouches_for_is_refused(tls_server: Server, connect: Ups) -> None:
    """``require`` without a ca_file goes by what the system trusts."""
    said = failure(connect(tls_server, tls="require"))

    assert said.startswith(f"refused: 127.0.0.1:{tls_server.port}: TLS failed: self-signed certificate")
    assert said.endswith("; see tls and ca_file")


def test_a_server_without_tls_is_refused_where_tls_is_required(server: Server, connect: Ups) -> None:
    """And read in the clear where it is only tried."""
    assert "FEATURE-NOT-CONFIGURED" in failure(connect(server, tls="require"))
    until(lambda: shows(connect(server, tls="try"), ac_present=True), "on line")


def test_a_server_says_what_it_is_and_which_upss_it_knows(server: Server) -> None:
    """As ``upskeep init`` asks it."""
    version, names = ups_names(NutSettings(ups="any", port=server.port))

    assert (True, [UPS]) == (version.startswith("Network UPS Tools upsd 2."), names)
