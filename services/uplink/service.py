"""The uplink between delivery and queue: each event, and of alerts and states what is news, becomes a record.

At a site that only reads each frame does (docs/adr/0055), and what is offered there (docs/adr/0058), and nothing else.

Rules (docs/adr/0049):
1. An event's record commits with the place up to which events are applied; only then does event_processor hear of it.
2. Alerts and states have no place of their own. Theirs is the time in microseconds, and never less than one more than
   the one before: an older ledger that was put back, or a clock, cannot give one twice.
3. What was said to fire is remembered with the same commit. Where the site has it no more (its topic is emptied, waits
   to fire anew, or was not among what the broker keeps) it is said to have resolved: by the uplink, with its time.
4. A frame that says what its device's last one said, numbers apart, may wait ``raw_every_s`` for its commit: its reader
   has it until then. Any other frame commits at once.
5. An offer's record commits with its id and its number, before the broker hears that it was taken. One that comes again
   by that id makes none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from services.uplink.adapters import offered_ids
from services.uplink.adapters.offered_ids import OfferedIds
from services.uplink.adapters.record_queue import SCHEMA, RecordQueue
from services.uplink.adapters.reported_alerts import STEP, TABLE, Key, ReportedAlerts
from services.uplink.core.news import News
from services.uplink.settings import UplinkSettings
from shared.delivery.calm_readings import CalmReadings
from shared.instants import time_to_us
from shared.ledger import Ledger, Schema
from shared.limits import Limit, LimitReports
from shared.messages import Alert, AlertState, Candidate, DeviceState, Event, Frame, Message, Sequenced
from shared.site_records import AlertRecord, OfferRecord, SiteRecord, StateRecord, event_record, raw_record

log = logging.getLogger(__name__)
LEDGER_SCHEMA = Schema((SCHEMA, TABLE, offered_ids.TABLE), (STEP, offered_ids.STEP))
SEQ = "seq"  # of the last alert or state, in the ledger
OFFERS = "offers"  # how many there were, in the ledger
SENT = "raw_at"  # when frames that could wait were committed, there too
BOUND = "records waiting for the fleet's log"
VANISHED = "the site has this alert no more; when it resolved was not heard"


class Uplink:
    """A ``MessageHandler``. Open its ledger with ``LEDGER_SCHEMA``."""

    def __init__(
        self,
        settings: UplinkSettings,
        ledger: Ledger,
        site: str,
        producer: str,
        epoch: Callable[[], str],
        wall: Callable[[], datetime],
        offer: Callable[[Candidate], None] = lambda _: None,
    ) -> None:
        self._settings, self._ledger, self._site = settings, ledger, site
        self._producer, self._epoch, self._wall, self._offer = producer, epoch, wall, offer
        self._queue = RecordQueue(ledger)
        self._news = News(settings.state_every_s)
        self._reported = ReportedAlerts(ledger)
        self._ids = OfferedIds(ledger)
        self._unseen: set[Key] | None = None  # what fires and the broker has not given yet; None: it has given all
        self._limits = LimitReports()
        self._limit = Limit(BOUND, settings.max_records, "the oldest go")
        self._seq = self._kept_seq = int(ledger.get(SEQ) or b"0")
        self._dropped = self._fresh = 0
        self._calm = CalmReadings()
        self._waiting_since: datetime | None = None

    def apply(self, message: Sequenced) -> None:
        """Queue an event or a frame."""
        if isinstance(message, Event):
            self._add(event_record(message))
        elif isinstance(message, Frame) and self._calm.is_calm(message):
            with self._ledger.may_wait():
                self._add(raw_record(self._site, message))
            self._waiting_since = self._waiting_since or self._wall()
        elif isinstance(message, Frame):
            self._add(raw_record(self._site, message))

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:  # noqa: ARG002 - the port's
        """Queue what is offered, one by an id once: the centre makes it an event, or a dead letter."""
        if not isinstance(message, Candidate):
            return
        if message.id is not None and not self._ids.is_new(producer, message.id):
            return
        number = int(self._ledger.get(OFFERS) or b"0") + 1
        self._ledger.put(OFFERS, str(number).encode())
        place = {"stream": "offer", "epoch": self._epoch(), "seq": number}
        came = {"offered_by": producer, "received_at": self._wall()}
        self._add(OfferRecord(site=self._site, producer=self._producer, message=message, **place, **came))

    def follow(self, message: Message, *, retained: bool) -> None:  # noqa: ARG002 - of any age it is the latest
        """Queue an alert or a state with news."""
        if isinstance(message, Alert):
            self._follow_alert(message)
        elif isinstance(message, DeviceState) and self._news.of_state(message):
            place = {"stream": "state", "epoch": self._epoch(), "seq": self._next_seq()}
            record = StateRecord(site=self._site, producer=self._producer, message=message, **place)
            self._queue.replace(message.device, record)

    def cleared(self, kind: str, parts: tuple[str, ...]) -> None:
        """Queue the end of an alert whose topic was emptied before its end arrived."""
        if kind == "alert":
            self._vanished((parts[0], parts[1]))

    def begin_set(self) -> None:
        """Look which of the alerts that fire the broker still has."""
        self._unseen = self._reported.keys()

    def end_set(self) -> None:
        """Queue the end of each alert that the alerter no longer has."""
        gone, self._unseen = self._unseen or set(), None
        for key in sorted(gone):
            self._vanished(key)

    def flush(self) -> None:
        """Keep to the bound, and keep the last number given."""
        if self._fresh:
            gone, self._fresh = self._queue.bound(self._settings.max_records), 0
            if gone:
                self._dropped += gone
                log.error("%d records too many wait for the fleet's log: the oldest are dropped", gone)
                self._limits.note(self._limit, self._producer)
        if self._waiting_since is not None and self._waits_too_long(self._waiting_since):
            self._ledger.put(SENT, self._wall().isoformat().encode())  # this write may not wait, and so nothing does
            self._waiting_since = None
        if self._seq != self._kept_seq:
            self._ledger.put_calmly(SEQ, str(self._seq).encode())
            self._kept_seq = self._seq
        for excess in self._limits.drain(self._wall()):
            self._offer(excess.candidate(self._producer))

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return how many records were dropped at the bound."""
        return {"log_dropped": self._dropped}

    def _follow_alert(self, alert: Alert) -> None:
        key = (alert.rule, alert.key)
        if self._unseen is not None:
            self._unseen.discard(key)
        if alert.state is AlertState.PENDING:
            self._vanished(key)
        elif self._news.of_alert(alert):
            self._report(alert)

    def _vanished(self, key: Key) -> None:
        if (alert := self._reported.firing(key)) is not None:
            over = {"state": AlertState.RESOLVED, "time": max(alert.time, self._wall()), "reason": VANISHED}
            self._report(alert.model_copy(update=over))
            self._news.forget_alert(key)

    def _report(self, alert: Alert) -> None:
        place = {"stream": "alert", "epoch": self._epoch(), "seq": self._next_seq()}
        self._add(AlertRecord(site=self._site, producer=self._producer, message=alert, **place))
        self._reported.note(alert)

    def _waits_too_long(self, since: datetime) -> bool:
        """Whether frames have waited for long enough; a clock that was put back must not hold them."""
        return abs((self._wall() - since).total_seconds()) >= self._settings.raw_every_s

    def _add(self, record: SiteRecord) -> None:
        self._queue.add(record, self._wall().timestamp())
        self._fresh += 1

    def _next_seq(self) -> int:
        self._seq = max(self._seq + 1, time_to_us(self._wall()))
        return self._seq
