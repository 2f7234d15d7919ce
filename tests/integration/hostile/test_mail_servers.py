"""A mail server that hangs: the attempt ends in time, and neither other channels nor the process wait for it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from services.alerter.adapters.apprise_sender import AppriseSender
from services.alerter.core.notify.channels import AppriseTarget, Format
from services.alerter.core.notify.delivery import Failed, Sent
from tests.conftest import Require
from tests.support.brokers import free_port
from tests.support.notice_delivery import notice
from tests.support.scripted_http import HOST

TIMEOUT_S = 0.3
CHANNELS = (os.cpu_count() or 1) + 5  # one more than threads in a pool of Python's


@contextmanager
def hanging(greeting: bytes) -> Iterator[int]:
    """Take every connection and repeat the greeting on it, each well within the timeout of one read."""
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while not over.wait(0.05):
                connection.sendall(greeting)

    def work() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],)).start()

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def sender(folder: Path, port: int, timeout_s: float = TIMEOUT_S) -> AppriseSender:
    """A channel by mail to a server."""
    address = folder / f"{port}.url"
    address.write_text(f"mailto://{HOST}:{port}?from=upskeep@example.org&to=anna@example.org&mode=insecure\n")
    return AppriseSender(AppriseTarget(str(address), timeout_s, Format.TEXT))


@pytest.mark.parametrize("greeting", [b"", b"220-wait\r\n"], ids=["silent", "dripping"])
def test_a_mail_server_that_hangs_holds_up_nobody_else(greeting: bytes, tmp_path: Path, require: Require) -> None:
    """However many channels lead to it, and however often they try: a mail to another server arrives."""
    controller = require.module("aiosmtpd.controller").Controller
    sink = require.module("aiosmtpd.handlers").Sink
    before = threading.active_count()
    with hanging(greeting) as port:
        channels = [sender(tmp_path, port) for _ in range(CHANNELS)]
        outcomes = [channel.send(notice(number)) for number, channel in enumerate(channels)]
        again = channels[0].send(notice(0))
        good = controller(sink(), hostname=HOST, port=free_port())
        good.start()
        try:
            sent = sender(tmp_path, good.port, 60).send(notice(1))
        finally:
            good.stop()
        left = [thread for thread in threading.enumerate()[before:] if thread.name == "sending a notice"]

    assert Sent() == sent
    assert all(isinstance(outcome, Failed) and outcome.doubtful for outcome in outcomes)
    assert isinstance(again, Failed)
    assert all(thread.daemon for thread in left), "an attempt that hangs keeps the process from its end"
    assert len(left) <= CHANNELS
