"""A delivery worker over a ledger, by a clock of the test's: its hours pass in no time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from services.alerter.adapters.delivery_worker import Clocks, DeliveryWorker
from services.alerter.adapters.delivery_workers import sender_for
from services.alerter.adapters.notice_store import SCHEMA, NoticeStore
from services.alerter.core.notify.channels import AppriseTarget, Channel, Format, WebhookTarget
from services.alerter.core.notify.delivery import RetryPolicy, Sender
from services.alerter.core.notify.sample import samples
from shared.ledger import Ledger
from shared.notices import Notice
from tests.integration.alerter.conftest import Receiving
from tests.support.alerter_times import START
from tests.support.http_receiver import HOST

CARE = RetryPolicy()


def channel_to(receiver: Receiving, care: RetryPolicy = CARE, path: str = "/hook") -> Channel:
    """Return a channel to a real receiver."""
    if receiver.kind == "http":
        way = WebhookTarget(f"http://{HOST}:{receiver.port}{path}", None, None, 5.0, "")
        return Channel("ops", "webhook", way, care)
    url = receiver.file.with_suffix(".url")
    url.write_text(f"mailto://{HOST}:{receiver.port}?from=upskeep@example.org&to=anna@example.org&mode=insecure\n")
    return Channel("ops", "apprise", AppriseTarget(str(url), 5.0, Format.TEXT), care)


def notice(number: int, at_s: float = 0.0) -> Notice:
    """Return a notice of its own."""
    first = next(samples("ops"))
    over = {"id": f"n{number}", "number": number, "time": START + timedelta(seconds=at_s), "title": f"t{number}"}
    return first.model_copy(update={**over, "text": f"text {number}"})


@dataclass
class Carrying:
    """One delivery worker; ``now_s`` is both its clocks."""

    path: Path
    channel: Channel
    sender: Sender | None = None
    now_s: float = 0.0
    put: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.path, [SCHEMA])
        self.notices = NoticeStore(self.ledger, {"ops": [self.channel.name]})
        self.restart()

    def restart(self) -> None:
        """A new process over the same ledger."""
        clocks = Clocks(lambda: START + timedelta(seconds=self.now_s), lambda: self.now_s, lambda: 1.0)
        self.worker = DeliveryWorker(
            self.path, self.channel, self.sender or sender_for(self.channel, clocks.wall), clocks
        )

    def give(self, number: int) -> None:
        """One more notice waits."""
        with self.ledger.transaction():
            self.notices.put([notice(number, self.now_s)])
        self.put.append(f"n{number}")

    def until(self, to_s: float) -> None:
        """Let the time pass."""
        while self.now_s < to_s:
            wait_s = self.worker.step(self.ledger, self.notices)
            self.now_s = min(to_s, self.now_s + wait_s)

    def until_empty(self, most_s: float = 86_400.0) -> None:
        """Let the time pass until nothing waits."""
        end_s = self.now_s + most_s
        while self.notices.waiting():
            assert self.now_s < end_s
            self.now_s += self.worker.step(self.ledger, self.notices)

    def states(self) -> list[str]:
        """Return where every notice stands, in their order."""
        return [str(row["state"]) for row in self.notices.delivery(self.put)]

    def close(self) -> None:
        """Close ledger and sender."""
        self.ledger.close()
        self.worker._sender.close()
