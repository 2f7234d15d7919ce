"""An HTTP server that means harm: whoever asks it has an end of it in time, for few bytes, and lives."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from services.alerter.adapters.apprise_sender import AppriseSender
from services.alerter.adapters.webhook_sender import WebhookSender
from services.alerter.core.notify import delivery
from services.alerter.core.notify.channels import AppriseTarget, Format, WebhookTarget
from services.counter_store.adapters.influx.http import ANSWER_BYTES
from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.query import InfluxQuery
from services.counter_store.adapters.influx.setup import prepare
from services.counter_store.core.influx.ports import Refused, Unavailable
from services.counter_store.settings import InfluxSettings
from services.event_processor.adapters.webhooks import WebhookCall
from services.event_processor.core.pipeline import work
from services.event_processor.core.pipeline.rules import Webhook
from shared.suite import SuiteSettings
from tests.support.alerter_times import START
from tests.support.event_flow import event
from tests.support.notice_delivery import notice
from tests.support.scripted_http import HOST, Scripted
from upskeep.doctor import installation
from upskeep.doctor.finding import Patient

MOST_SENT = 200_000_000
IN_FLIGHT = 16_000_000  # what the buffers of two sockets may hold at most
CONFIG = Path(__file__).parents[3] / "config"
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass
class HostileServer:
    """What it sends first, and then again and again; ``hung_up``: the client had enough of it."""

    port: int
    sent: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(first: bytes, then: bytes, pause_s: float = 0.0) -> Iterator[HostileServer]:
    """Answer each connection so, for half a minute or 200 MB at most."""
    with socket.create_server((HOST, 0)) as listener:
        server = HostileServer(listener.getsockname()[1])

        def answer(connection: socket.socket) -> None:
            connection.recv(65_536)
            connection.sendall(first)
            for _ in range(600):
                while not pause_s and server.sent < MOST_SENT:
                    connection.sendall(then)
                    server.sent += len(then)
                if server.over.wait(pause_s or 0.05):
                    return
                connection.sendall(then)

        def work() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        try:
                            answer(connection)
                        except OSError:
                            server.hung_up.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            server.over.set()
            thread.join()


class Asking:
    """Each client of the suite that speaks HTTP: one request, and what it makes of the answer, in words."""

    def __init__(self, folder: Path, timeout_s: float) -> None:
        self.folder = folder
        self.timeout_s = timeout_s
        self.secret = folder / "secret"
        self.secret.write_text("token")

    def influx(self, port: int, api: str) -> InfluxSettings:
        place = {"database": "b"} if api == "v1" else {"org": "o", "bucket": "b", "token_file": self.secret}
        url = f"http://{HOST}:{port}"
        return InfluxSettings.model_validate(
            {"enabled": True, "api": api, "url": url, "timeout_s": self.timeout_s, **place}
        )

    def alerter_webhook(self, port: int) -> str:
        way = WebhookTarget(f"http://{HOST}:{port}/hook", None, None, self.timeout_s, "")
        with closing(WebhookSender(way, lambda: START)) as sender:
            outcome = sender.send(notice(1))
        return outcome.reason if isinstance(outcome, delivery.Failed) else "sent"

    def alerter_apprise(self, port: int) -> str:
        address = self.folder / "receiver"
        address.write_text(f"json://{HOST}:{port}/hook\n")
        outcome = AppriseSender(AppriseTarget(str(address), self.timeout_s, Format.TEXT)).send(notice(1))
        return outcome.reason if isinstance(outcome, delivery.Failed) else "sent"

    def handler_webhook(self, port: int) -> str:
        given = {"kind": "webhook", "url": f"http://{HOST}:{port}/hook", "timeout_s": self.timeout_s}
        with closing(WebhookCall(Webhook.model_validate(given), lambda: datetime.now(UTC))) as call:
            outcome = call(work.Task(1, "hook", "id", event(0).model_dump_json(exclude_none=True).encode(), 1))
        return outcome.reason if isinstance(outcome, work.Failed) else "sent"

    def influx_v1(self, port: int) -> str:
        return self._written(port, "v1")

    def influx_v2(self, port: int) -> str:
        return self._written(port, "v2")

    def _written(self, port: int, api: str) -> str:
        with closing(open_point_store(self.influx(port, api))) as store:
            try:
                store.write(["m v=1.0 1"])
            except (Unavailable, Refused) as error:
                return str(error)
        return "sent"

    def influx_query(self, port: int) -> str:
        with closing(InfluxQuery(self.influx(port, "v1"), "home")) as query:
            try:
                query.read(0, 0, 1)
            except Unavailable as error:
                return str(error)
        return "read"

    def influx_setup(self, port: int) -> str:
        return f"ready={prepare(self.influx(port, 'v1'))}"

    def doctor(self, port: int) -> str:
        given = {"ENABLED": "true", "API": "v1", "DATABASE": "b", "URL": f"http://{HOST}:{port}"}
        environ = {f"UPSKEEP_COUNTER_STORE__INFLUX__{name}": value for name, value in given.items()}
        (finding,) = installation.influxdb(Patient(CONFIG, environ, SuiteSettings(data=self.folder)))
        return finding.found


ODD_ANSWERS = (
    b"",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"null",
    b"[1]",
    b'{"results": 7}',
    b'{"results": [7]}',
    b'{"results": [{"series": 1}]}',
    b'{"results": [{"series": [{"columns": ["name"], "values": [[1]]}]}]}',
    b'{"results": [{"series": [{"values": [[1]]}]}]}',
    b'{"results": [{"series": [{"columns": ["name", "default", "duration"], "values": [["autogen", true, 7]]}]}]}',
)
CLIENTS = [name for name in vars(Asking) if not name.startswith("_") and name != "influx"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "begins", [b"HTTP/1.1 200", OK + b"\r\n", b"HTTP/1.1 503 Busy\r\n\r\n"], ids=["head", "body", "busy"]
)
def test_an_answer_that_drips_ends_in_time(begins: bytes, client: str, tmp_path: Path) -> None:
    """A byte comes within every read's own timeout, and the answer never ends."""
    with serving(begins, b"x", pause_s=0.05) as server:
        said = getattr(Asking(tmp_path, 0.5), client)(server.port)
        # it sees so at its next byte; Apprise's own deadline leaves the connection to end with its thread
        assert client == "alerter_apprise" or server.hung_up.wait(20)

    assert said not in ("sent", "read", "ready=True")


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_without_end_is_not_read_to_its_end(client: str, tmp_path: Path) -> None:
    """However fast it comes."""
    with serving(OK + b"\r\n", b"x" * 65_536) as server:
        getattr(Asking(tmp_path, 60), client)(server.port)

    assert server.sent < ANSWER_BYTES + IN_FLIGHT


@pytest.fixture(scope="module")
def packed() -> bytes:
    """A small body."""
    return gzip.compress(bytes(300_000_000), 1)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_small_answer_that_unpacks_to_a_huge_one_takes_little_memory(
    server: Scripted, client: str, packed: bytes, tmp_path: Path
) -> None:
    """300 MB of nothing, packed."""
    server.status, server.headers, server.body = 200, {"Content-Encoding": "gzip"}, packed
    tracemalloc.start()
    try:
        getattr(Asking(tmp_path, 60), client)(server.port)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 * ANSWER_BYTES


@pytest.mark.parametrize("client", [name for name in CLIENTS if name != "doctor"])  # which goes by the status alone
def test_an_answer_of_another_shape_is_a_fault_in_words(server: Scripted, client: str, tmp_path: Path) -> None:
    """Whatever the server calls itself."""
    asking = Asking(tmp_path, 60)
    server.headers = {"X-Influxdb-Version": "1.8.10"}
    for server.status, server.body in product((200, 204, 400, 404, 500), ODD_ANSWERS):
        assert getattr(asking, client)(server.port)
