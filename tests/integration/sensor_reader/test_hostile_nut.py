"""A NUT server that means harm: whatever it sends, a poll ends in time, costs little, and makes a frame or an error."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.remote.nut import NutUps
from services.sensor_reader.core.polling.remote_devices import RemoteDevice, frame_of
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.settings import NutSettings
from shared.messages import Frame
from tests.unit.sensor_reader.test_nut_meaning import NOON

TIMEOUT_S = 0.5
Answer = Callable[[socket.socket], None]


@contextmanager
def serving(answer: Answer) -> Iterator[NutSettings]:
    """A server on this machine that answers each connection so, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    answer(connection)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield NutSettings(ups="rack", port=listener.getsockname()[1], timeout_s=TIMEOUT_S)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def polled(server: NutSettings) -> Reading | PortError:
    ups = NutUps(server)
    try:
        return ups.read()
    except PortError as error:
        return error
    finally:
        ups.close()


def for_ever(line: bytes, pause_s: float = 0.0) -> Answer:
    """Answer the list and never end it."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"BEGIN LIST VAR rack\n")
        while True:
            connection.sendall(line)
            time.sleep(pause_s)

    return answer


def once(payload: bytes) -> Answer:
    """Answer the first line with these bytes."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(payload)
        connection.shutdown(socket.SHUT_WR)

    return answer


@pytest.mark.parametrize("answer", [
    for_ever(b"\n" * 1000),  # lines without a word
    for_ever(b'VAR rack x "' + b"y" * 900 + b'"\n'),
    for_ever(b"x" * 1000),  # a line that does not end
    for_ever(b"VAR", 0.1),  # a drip, each piece in time
    for_ever(b'VAR rack a "b"\n', 0.1),
])  # fmt: skip
def test_an_answer_without_end_ends(answer: Answer) -> None:
    """In bytes, in lines, and in time."""
    with serving(answer) as server:
        began = time.monotonic()
        found = polled(server)

    assert isinstance(found, PortError)
    assert found.code in ("timeout", "bus")
    assert time.monotonic() - began < 20


def test_a_refusal_as_long_as_a_book_is_a_line_in_the_log() -> None:
    """And holds nothing that a terminal would obey."""
    with serving(once(b"ERR " + b"\x1b[2J" * 50_000 + b"\n")) as server:
        found = polled(server)

    assert isinstance(found, PortError)
    assert len(found.detail) < 300
    assert found.detail.isprintable()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([
    b"BEGIN LIST VAR rack\n", b'VAR rack ups.status "OL"\n', b'VAR rack battery.charge "1e9"\n', b"END LIST VAR rack\n",
    b"ERR UNKNOWN-UPS\n", b'VAR rack "', b"OK\n", b'VAR rack battery.runtime "\xff"\n', b"UPS\n",
])), max_size=12).map(b"".join))  # fmt: skip
def test_whatever_bytes_it_sends_make_a_frame_that_can_go_on_the_wire(payload: bytes) -> None:
    """Or an error that makes one."""
    with serving(once(payload)) as server:
        found = polled(server)

    frame = frame_of(RemoteDevice("ups", "nut:rack@nas", 1.0, 1.0), found, NOON)
    assert frame is None or frame == Frame.model_validate_json(frame.model_dump_json())
