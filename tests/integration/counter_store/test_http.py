"""Both clients against servers that are busy, slow, silent or not there."""

from __future__ import annotations

import base64
import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.core.influx.ports import PointStore, Refused, Unavailable
from services.counter_store.settings import InfluxSettings
from tests.support.brokers import free_port
from tests.support.scripted_http import HOST, Scripted

Connect = Callable[[int], PointStore]


@pytest.fixture(params=["v1", "v2"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Return a function that makes a client of each kind for a port."""
    secret = tmp_path / "secret"
    secret.write_text("pässword\n" if request.param == "v1" else "token\n")
    opened: list[PointStore] = []

    def make(port: int) -> PointStore:
        given = {"org": "o", "bucket": "b", "token_file": secret}
        if request.param == "v1":
            given = {"database": "b", "username": "me", "password_file": secret}
        url = f"http://{HOST}:{port}"
        settings = InfluxSettings.model_validate(
            {"enabled": True, "api": request.param, "url": url, "timeout_s": 0.2} | given
        )
        opened.append(open_point_store(settings))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def test_one_write_is_one_request(server: Scripted, connect: Connect) -> None:
    """All lines, in order, in nanoseconds, with the credentials of the file."""
    connect(server.port).write(["m v=1.0 1", "m v=2.0 2"])
    ((path, headers, body),) = server.received
    plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body

    basic = base64.b64encode("me:pässword".encode()).decode()
    expected = {
        "/write?db=b&precision=ns": f"Basic {basic}",
        "/api/v2/write?org=o&bucket=b&precision=ns": "Token token",
    }
    assert (b"m v=1.0 1\nm v=2.0 2", expected[path]) == (plain, headers["authorization"])


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_heard(server: Scripted, connect: Connect, status: int) -> None:
    """Its Retry-After is handed on, and the client itself does not try again."""
    server.status, server.headers = status, {"Retry-After": "42"}
    with pytest.raises(Unavailable) as busy:
        connect(server.port).write(["m v=1.0 1"])

    assert (42.0, 1) == (busy.value.retry_after_s, len(server.received))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_distinguished_from_an_outage(server: Scripted, connect: Connect, status: int) -> None:
    """With the server's words."""
    server.status, server.body = status, b'{"code":"invalid","message":"bad line"}'
    with pytest.raises(Refused, match=f"answered {status}: bad line"):
        connect(server.port).write(["m v=1.0 1"])


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500])
def test_any_other_answer_is_an_outage(server: Scripted, connect: Connect, status: int) -> None:
    """So nothing is thrown away for a wrong setting."""
    server.status, server.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(Unavailable, match=f"answered {status}"):
        connect(server.port).write(["m v=1.0 1"])

    assert 1 == len(server.received)


def test_after_an_outage_the_same_client_goes_on(server: Scripted, connect: Connect) -> None:
    """It reconnects by itself."""
    store = connect(server.port)
    server.status = 503
    with pytest.raises(Unavailable):
        store.write(["m v=1.0 1"])
    server.status = 204
    store.write(["m v=1.0 1"])

    assert 2 == len(server.received)


def test_no_server_is_an_outage(connect: Connect) -> None:
    """Connection refused."""
    port = free_port()
    with pytest.raises(Unavailable, match=f"http://{HOST}:{port} cannot be reached: "):
        connect(port).write(["m v=1.0 1"])


def test_a_server_that_never_answers_is_an_outage(connect: Connect) -> None:
    """The timeout ends the wait."""
    with socket.create_server((HOST, 0)) as silent, pytest.raises(Unavailable, match="cannot be reached"):
        connect(silent.getsockname()[1]).write(["m v=1.0 1"])


def test_a_connection_cut_in_the_middle_of_a_batch_is_an_outage(connect: Connect) -> None:
    """The server resets with half of the request read: nobody knows what it has, so the points stay."""
    with socket.create_server((HOST, 0)) as listener:

        def cut() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        cutter = threading.Thread(target=cut)
        cutter.start()
        with pytest.raises(Unavailable, match="cannot be reached"):
            connect(listener.getsockname()[1]).write([f"m v={number}.0 {number}" for number in range(100_000)])
        cutter.join()


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot be read: "), ("", "is empty"), ("one\ntwo", "holds more than one line")]
)
def test_a_secret_that_cannot_be_used_is_an_outage(
    server: Scripted, connect: Connect, tmp_path: Path, text: str | None, said: str
) -> None:
    """Once the file is put right, all goes on."""
    secret = tmp_path / "secret"
    secret.unlink()
    if text is not None:
        secret.write_text(text)
    with pytest.raises(Unavailable, match=said):
        connect(server.port).write(["m v=1.0 1"])

    assert [] == server.received
