"""A webhook that fails says how, in words, and never the address that may be a secret."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
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

    assert (f"the address in {tmp_path}/ops (127.0.0.1): nobody takes the connection", False) == (
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
