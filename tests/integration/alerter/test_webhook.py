"""A webhook that fails says how, in words, and never the address that may be a secret."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from services.alerter.adapters.webhook_sender import WebhookSender
from services.alerter.core.notify.channels import WebhookTarget
from services.alerter.core.notify.delivery import Failed
from tests.support.alerter_times import START
from tests.support.brokers import free_port
from tests.support.notice_delivery import notice


def sent_to(address: str, folder: Path, timeout_s: float = 5.0) -> Failed:
    """Post a notice to an address that stands in a file, and return how it failed."""
    file = folder / "ops"
    file.write_text(address)
    hook = WebhookSender(WebhookTarget(None, str(file), None, timeout_s, ""), lambda: START)
    try:
        outcome = hook.send(notice(1))
    finally:
        hook.close()
    assert isinstance(outcome, Failed)
    assert "secret" not in outcome.reason
    return outcome


def test_where_nobody_listens_it_is_certain_that_nothing_was_sent(tmp_path: Path) -> None:
    """So it may be sent again without a doubt."""
    failed = sent_to(f"http://127.0.0.1:{free_port()}/secret", tmp_path)

    assert (f"the address in {tmp_path}/ops (127.0.0.1): the connection is refused", False) == (
        failed.reason,
        failed.doubtful,
    )


@pytest.mark.parametrize(("closes", "said"), [(False, "no answer in time"), (True, "the connection broke before")])
def test_where_no_answer_comes_it_may_have_arrived(closes: bool, said: str, tmp_path: Path) -> None:
    """Whether the other side is slow or hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        server.settimeout(30)
        hung_up = pool.submit(lambda: server.accept()[0].close()) if closes else None
        failed = sent_to(
            f"http://127.0.0.1:{server.getsockname()[1]}/secret", tmp_path, timeout_s=30.0 if closes else 0.2
        )
        if hung_up is not None:
            hung_up.result()

    assert said in failed.reason
    assert failed.doubtful


@pytest.mark.parametrize("begins", [b"HTTP/1.1 200", b"HTTP/1.1 503 Busy\r\nContent-Length: 60000\r\n\r\n"])
def test_an_answer_that_drips_is_given_up_in_time(begins: bytes, tmp_path: Path) -> None:
    """A byte comes within every read's own timeout, and the answer never ends: in its head, or in its body."""
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(begins)
            while not over.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        server.settimeout(30)
        dripping = pool.submit(drip, server)
        try:
            failed = sent_to(f"http://127.0.0.1:{server.getsockname()[1]}/secret", tmp_path, timeout_s=0.5)
        finally:
            over.set()
        dripping.result()

    assert f"the address in {tmp_path}/ops (127.0.0.1)" in failed.reason
    assert "no answer in time" in failed.reason or "answered 503" in failed.reason
