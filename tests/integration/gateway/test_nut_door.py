"""Real ``upsc`` and ``upsmon`` at the gateway's NUT door, on a real broker; the test speaks for event_processor."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from shared.messages import DeviceState, Status
from tests.conftest import Require
from tests.support.brokers import Broker, free_port
from tests.support.mqtt_probe import TOPICS, MqttProbe
from tests.support.nut.upsd import nut_program
from tests.support.nut.upsmon import Upsmon, upsc
from tests.support.running_gateway import RunningGateway, gateway_at
from tests.support.waiting import until

pytestmark = pytest.mark.mosquitto

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
STALE = "Error: Data stale"


class Processor:
    """Publishes the state of ``ups`` over and over, as event_processor does with every poll."""

    def __init__(self, probe: MqttProbe) -> None:
        self._probe = probe
        self._polls = 0
        self._stop = Event()
        self._thread: Thread | None = None
        self.fields: dict[str, Any] = {"power": "mains"}

    def state(self, **fields: Any) -> DeviceState:
        """Return the next state."""
        self._polls += 1
        base = {"quality": "good", "values": {"state_of_charge": 83.0}}
        return DeviceState(device="ups", time=START + timedelta(seconds=self._polls), **(base | self.fields | fields))

    def publish(self, **fields: Any) -> None:
        """Publish one state."""
        state = self.state(**fields)
        self._probe.publish(TOPICS.of(state), state.model_dump_json(exclude_none=True).encode(), retain=True)

    def start(self) -> None:
        """Publish one after the other."""
        self._stop.clear()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Be silent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.publish()


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A running broker."""
    return start_broker()


@pytest.fixture
def processor(broker: Broker) -> Iterator[Processor]:
    """Who publishes states."""
    with MqttProbe(broker.port) as probe:
        made = Processor(probe)
        yield made
        made.stop()


@pytest.fixture
def door(require: Require, broker: Broker, tmp_path: Path) -> Iterator[int]:
    """The port of a gateway's NUT door; a state is stale after three seconds."""
    require.program("upsc")
    port = free_port()
    environ = {"UPSKEEP_GATEWAY__NUT__PORT": str(port), "UPSKEEP_GATEWAY__NUT__MAX_AGE_S": "3"}
    with MqttProbe(broker.port) as probe, gateway_at(probe, tmp_path, broker.port, environ) as gateway:
        gateway.until(lambda: _answers(port), "the door is open")
        yield port


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def upsmon(door: int, tmp_path: Path, require: Require) -> Iterator[Upsmon]:
    """A monitor that has seen the UPS on line."""
    require.that(nut_program("upsmon"), "NUT's upsmon (nut-client) is not installed here")
    monitor = Upsmon(tmp_path / "upsmon", door)
    yield monitor
    monitor.end()


def status(port: int, variable: str = "ups.status") -> str:
    """Return a variable as ``upsc`` prints it."""
    return upsc(f"ups@127.0.0.1:{port}", variable)


def test_upsc_reads_a_ups(door: int, processor: Processor) -> None:
    """The list of UPSs, one variable, all variables, and what it refuses."""
    processor.start()
    until(lambda: status(door) == "OL", "the state is there")

    assert "ups: Upskeep: ups" == upsc("-L", f"127.0.0.1:{door}")

    def everything() -> tuple[str | None, ...]:
        found = dict(line.split(": ", 1) for line in upsc(f"ups@127.0.0.1:{door}").splitlines())
        return tuple(found.get(name) for name in ("battery.charge", "ups.status", "device.mfr", "device.model"))

    until(lambda: everything() == ("83", "OL", "Upskeep", "ups"), "all variables are there")
    until(lambda: status(door, "battery.voltage") == "Error: Variable not supported by UPS", "what it lacks is said")
    assert "Error: Unknown UPS" == upsc(f"nas@127.0.0.1:{door}", "ups.status")


def test_what_the_broker_kept_is_stale(broker: Broker, processor: Processor, tmp_path: Path) -> None:
    """A gateway that starts beside a dead suite knows the UPS, and has no data of it."""
    processor.publish(power="battery")
    port = free_port()
    with (
        MqttProbe(broker.port) as probe,
        gateway_at(probe, tmp_path, broker.port, {"UPSKEEP_GATEWAY__NUT__PORT": str(port)}),
    ):
        until(lambda: upsc("-l", f"127.0.0.1:{port}") == "ups", "it is listed")

        assert STALE == status(port)


def test_silence_is_stale_and_a_reading_ends_it(door: int, processor: Processor) -> None:
    """As with a driver that hangs."""
    processor.start()
    until(lambda: status(door) == "OL", "the state is there")

    processor.stop()
    until(lambda: status(door) == STALE, "the data are stale")

    processor.start()
    until(lambda: status(door) == "OL", "the data are back")


def test_upsmon_follows_an_outage_to_a_forced_shutdown(door: int, processor: Processor, upsmon: Upsmon) -> None:
    """On battery, back on line, stale and back, and down by FSD: the host agent is past its point of no return."""
    processor.start()
    until(lambda: status(door) == "OL", "the state is there")
    upsmon.start()
    until(lambda: upsc("-c", f"ups@127.0.0.1:{door}") == "127.0.0.1", f"it has logged in\n{upsmon.log()}")

    processor.fields = {"power": "battery", "battery": "low"}
    upsmon.until_notified("ONBATT")
    processor.fields = {"power": "mains"}
    upsmon.until_notified("ONLINE")
    processor.stop()
    upsmon.until_notified("COMMBAD")
    processor.start()
    upsmon.until_notified("COMMOK")
    assert not upsmon.went_down()

    figures = {"phase": "secondaries", "dry_run": False, "role": "primary", "supplies": "ups"}
    agent = Status(service="host_agent", state="online", figures=figures)
    processor.fields = {"power": "battery", "battery": "low"}
    with_agent = TOPICS.of(agent), agent.model_dump_json(exclude_none=True).encode()
    processor.stop()
    processor._probe.publish(*with_agent, retain=True)
    processor.start()
    until(lambda: status(door) == "FSD OB DISCHRG", "FSD is set")
    until(upsmon.went_down, f"it goes down\n{upsmon.log()}")
    upsmon.until_notified("FSD")


def test_upsmon_goes_down_with_a_critical_battery(door: int, processor: Processor, upsmon: Upsmon) -> None:
    """OB and LB; low alone has not done it."""
    processor.start()
    until(lambda: status(door) == "OL", "the state is there")
    upsmon.start()
    processor.fields = {"power": "battery", "battery": "low"}
    upsmon.until_notified("ONBATT")
    assert not upsmon.went_down()

    processor.fields = {"power": "battery", "battery": "critical"}
    until(upsmon.went_down, f"it goes down\n{upsmon.log()}")


@pytest.mark.parametrize("sent", [b"x" * 100_000, b'GET VAR "\n', b"\x00\xff\n" * 50])
def test_what_is_no_line_ends_at_most_its_own_connection(door: int, processor: Processor, sent: bytes) -> None:
    """A line without end, an open quote, and what is no text."""
    processor.start()
    with socket.create_connection(("127.0.0.1", door), timeout=90) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except ConnectionError:
            pass  # it was cut off

    until(lambda: status(door) == "OL", "others are answered")


def test_connections_have_a_bound(door: int) -> None:
    """One address holds sixteen; when one ends there is room again."""
    held = [socket.create_connection(("127.0.0.1", door), timeout=90) for _ in range(16)]
    try:
        for connection in held:
            connection.sendall(b"NETVER\n")
            assert connection.recv(10) == b"1.3\n"
        with socket.create_connection(("127.0.0.1", door), timeout=90) as one_more:
            assert b"" == one_more.recv(10)
    finally:
        for connection in held:
            connection.close()

    until(lambda: upsc("-l", f"127.0.0.1:{door}") == "", "there is room again")


def test_who_may_log_in_is_a_setting(broker: Broker, processor: Processor, tmp_path: Path, require: Require) -> None:
    """With users, a wrong password is refused; reading needs none."""
    require.program("upsc")
    (tmp_path / "nas").write_text("two words\n")
    port = free_port()
    users = f"{{nas: {{password_file: {tmp_path / 'nas'}}}}}"
    environ = {"UPSKEEP_GATEWAY__NUT__PORT": str(port), "UPSKEEP_GATEWAY__NUT__USERS": users}
    with MqttProbe(broker.port) as probe, gateway_at(probe, tmp_path, broker.port, environ):
        processor.start()
        until(lambda: status(port) == "OL", "it can be read")

        assert ["ERR ACCESS-DENIED", "OK", "ERR ACCESS-DENIED"] == [
            _login(port, *who) for who in (("nas", "wrong"), ("nas", '"two words"'), ("ups", '"two words"'))
        ]


def _login(port: int, name: str, password: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=90) as connection, connection.makefile("rw") as io:
        for line in (f"USERNAME {name}", f"PASSWORD {password}", "LOGIN ups"):
            io.write(f"{line}\n")
            io.flush()
            answer = io.readline().strip()
        return answer


def test_a_gateway_stops_while_clients_are_connected(broker: Broker, tmp_path: Path) -> None:
    """At once, with exit code 0."""
    port = free_port()
    environ = {"UPSKEEP_GATEWAY__NUT__PORT": str(port)}
    with MqttProbe(broker.port) as probe, gateway_at(probe, tmp_path, broker.port, environ) as gateway:
        until(lambda: _answers(port), "the door is open")
        with socket.create_connection(("127.0.0.1", port), timeout=90) as connection:
            connection.sendall(b"VER\n")
            assert connection.recv(100).startswith(b"Upskeep ")
            assert 0 == gateway.stop()
        assert "did not end" not in gateway.log()
        assert "Traceback" not in gateway.log()
        assert isinstance(gateway, RunningGateway)
