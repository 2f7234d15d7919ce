"""The MQTT client: what its owner calls, and the thread that keeps a connection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from shared.clock import SYSTEM_CLOCK, Clock
from shared.mqtt.connection import Connection
from shared.mqtt.gathering import Gathering
from shared.mqtt.reading import Reading
from shared.mqtt.waker import Waker
from shared.mqtt.wire import Acknowledged, Arrival, Arrived, Confirmed, Connected, Disconnected, Publication, Receipt
from shared.suite import BrokerSettings

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
POLL_BYTES = 200_000  # a message of the wire may hold many of a stream's, and what is polled shares one commit
WAITING_BYTES = 8_000_000
ARRIVED_BYTES = 500  # what one takes beside its payload
REST_S = 0.5  # a broker on this machine is connected to in a few milliseconds
HOLD_S = 5.0  # for no longer is the network left unread: the connection must be kept alive
Seen = Arrived | Connected | Disconnected | Acknowledged


class MqttClient:
    """One service's way to the broker. All methods but the network thread's own belong to one thread.

    ``unsubscriptions`` are filters that a session from before may still hold, ``at_most_once`` those of
    ``subscriptions`` whose messages nobody acknowledges.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        subscriptions: Sequence[str],
        will: Publication | None = None,
        *,
        inflight: int = 100,
        persistent: bool = True,
        unsubscriptions: Sequence[str] = (),
        at_most_once: Iterable[str] = (),
        clock: Clock = SYSTEM_CLOCK,
        on_arrival: Callable[[], object] = lambda: None,
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self.subscriptions = tuple(subscriptions)
        self.unsubscriptions = tuple(unsubscriptions)
        self.at_most_once = frozenset(at_most_once)
        self.will = will
        self.inflight = inflight
        self.persistent = persistent
        self.gathering = Gathering(clock.monotonic)
        self._clock = clock
        self._on_arrival = on_arrival  # called on the network's thread when ``poll`` has something
        self._inbox: deque[Seen] = deque()
        self._bytes_in = self._bytes_out = 0  # through the inbox; each is written by one thread
        self._held = False
        self._room_again = threading.Condition()
        self._look_s = settings.keepalive_s / 3 if settings.keepalive_s > 0 else HOLD_S
        self.reading = Reading(clock.monotonic, self._look_s)
        self._ready = self.reading.ready
        self._waker = Waker()
        self.connecting = threading.Lock()  # held by the network's thread while it looks up, connects, shakes hands
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._generation = 0
        self._connection: Connection | None = None
        self._live = 0
        self._tokens: dict[int, Any] = {}
        self._unacked: deque[Receipt] = deque()

    def open(self) -> None:
        """Begin to connect, and go on for as long as the client is open."""
        self._thread = threading.Thread(target=self._serve, name=f"mqtt-{self.client_id}", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether a connection stands, as far as the owner has taken note by ``poll``."""
        return self._live != 0

    @property
    def room(self) -> int:
        """How many publications may be handed over now."""
        return self.inflight - len(self._tokens) if self._live else 0

    @property
    def waiting(self) -> int:
        """How much has happened that ``poll`` has yet to return; any thread may ask."""
        return len(self._inbox)

    def poll(self, limit: int, timeout_s: float) -> list[Arrival]:
        """Return what happened, oldest first; waits up to ``timeout_s`` for something.

        At most ``limit``, and no more once ``POLL_BYTES`` of payloads are among them.
        """
        if not self._inbox and timeout_s > 0:
            self._wait(timeout_s)
        self._waker.asked = False
        count = min(limit, len(self._inbox))
        taken: list[Arrival] = []
        size = 0
        while count and size < POLL_BYTES:
            count -= 1
            first = self._inbox.popleft()
            self._bytes_out += _bytes(first)
            if (seen := self._note(first)) is not None:
                taken.append(seen)
                size += len(seen.payload) if isinstance(seen, Arrived) else 0
        if self._held:
            self._read_on()
        return taken

    def _wait(self, timeout_s: float) -> None:
        """Wait for something to poll, or for ``wake``: at the socket itself, where the reading is lent."""
        until = self._clock.monotonic() + timeout_s
        self.reading.begin_wait()
        try:
            while (left_s := until - self._clock.monotonic()) > 0:
                with self._ready:
                    if self._inbox or self._waker.asked:
                        return
                    if not self.reading.lent:
                        self._ready.wait(left_s)
                        continue
                self._read(min(left_s, self._look_s))
        finally:
            self.reading.end_wait()

    def _read(self, timeout_s: float) -> None:
        """Read what comes, as the owner."""
        connection = self._connection
        if connection is None or not connection.step(timeout_s, self._waker) or not self.reading.is_quiet:
            self.reading.give_back()

    def gather(self, seconds: float) -> None:
        """Let what comes gather for up to so long before it is read; 0, as at first: take each as it comes.

        Never for longer than the connection may go without a look.
        """
        self.gathering.allow(min(seconds, self._look_s))

    def catch_up(self) -> None:
        """Have everything read that has come until now; ``poll`` returns it."""
        if self.reading.lent:
            self._read(0)
        else:
            self.gathering.catch_up()

    @contextmanager
    def at_rest(self, timeout_s: float = REST_S) -> Iterator[bool]:
        """Say whether the network's thread neither looks up a name nor shakes hands, and keep it from that within.

        Both hold locks of the system's libraries, which a fork would leave locked in the child.
        """
        rests = self.connecting.acquire(timeout=timeout_s)
        try:
            yield rests
        finally:
            if rests:
                self.connecting.release()

    def wake(self) -> None:
        """End a ``poll`` that waits; may be called from a signal handler."""
        with self._ready:
            self._waker.wake()
            self._ready.notify()

    def publish(self, publication: Publication, token: Any = None) -> bool:
        """Hand a publication to the connection; for QoS 1 a Confirmed with ``token`` follows.

        Returns False, and has done nothing, when there is no connection or, for QoS 1, no room.
        """
        connection = self._connection
        if connection is None or not self._live or (publication.qos and self.room <= 0):
            return False
        mid = connection.publish(publication)
        if mid is None:
            return False
        if publication.qos:
            self._tokens[mid] = token
        return True

    def publish_unconfirmed(self, publications: Sequence[Publication]) -> None:
        """Hand over publications of QoS 0; without a connection nobody gets them."""
        if self._connection is not None and self._live:
            self._connection.publish_unconfirmed(publications)

    def ack(self, receipt: Receipt) -> None:
        """Acknowledge every arrived message up to and including ``receipt``, in order of arrival.

        A receipt of an earlier connection, or of a message without QoS, acknowledges nothing.
        """
        connection = self._connection
        if connection is None or receipt not in self._unacked:
            return
        while self._unacked:
            first = self._unacked.popleft()
            connection.ack(first.mid)
            if first == receipt:
                return

    @contextmanager
    def together(self) -> Iterator[None]:
        """Publish and acknowledge within as one write to the network."""
        connection = self._connection
        if connection is None:
            yield
            return
        connection.hold()
        try:
            yield
        finally:
            connection.flush()

    def close(self, farewell: Publication | None = None, timeout_s: float = 5.0) -> None:
        """Publish ``farewell``, wait for its confirmation, and disconnect cleanly (no last will)."""
        self.gather(0)
        if farewell is not None and self._live:
            self._publish_farewell(farewell, self._clock.monotonic() + timeout_s)
        self._closing.set()
        self._read_on()
        connection = self._connection
        if connection is not None:
            connection.disconnect()
        self.reading.give_back()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._waker.close()
        self._live = 0

    def _publish_farewell(self, farewell: Publication, deadline: float) -> None:
        mark = object()
        handed = False
        while self._clock.monotonic() < deadline and self._live:
            handed = handed or self.publish(farewell, mark)
            if any(isinstance(a, Confirmed) and a.token is mark for a in self.poll(1000, 0.1)):
                return

    def _note(self, item: Seen) -> Arrival | None:
        """Keep the owner's view in step with what it is handed."""
        if isinstance(item, Arrived):
            if item.receipt.generation == self._live:
                self._unacked.append(item.receipt)
            return item
        if isinstance(item, Acknowledged):
            if item.generation != self._live or item.mid not in self._tokens:
                return None
            return Confirmed(self._tokens.pop(item.mid), item.refusal)
        self._tokens.clear()
        self._unacked.clear()
        self._live = item.generation if isinstance(item, Connected) else 0
        return item

    # ---- below: the network thread, and of these ``post`` whoever reads

    def post(self, seen: Sequence[Seen]) -> None:
        """Put what happened into the inbox and wake the owner."""
        with self._ready:
            self._inbox.extend(seen)
            self._ready.notify()
        self._bytes_in += sum(map(_bytes, seen))
        self._on_arrival()
        if self._overflows() and not self.reading.lent:
            self._hold_back()

    def _overflows(self) -> bool:
        return self._bytes_in - self._bytes_out > WAITING_BYTES and not self._closing.is_set()

    def _hold_back(self) -> None:
        """Wait for the owner to poll what there is."""
        with self._room_again:
            self._held = True
            self._room_again.wait_for(lambda: not self._overflows(), HOLD_S)
            self._held = False

    def _read_on(self) -> None:
        with self._room_again:
            self._room_again.notify()

    def _serve(self) -> None:
        failures = 0
        protocol = {"5": 5, "3.1.1": 4, "auto": 5}[self.settings.protocol]
        while not self._closing.is_set():
            self._generation += 1
            connection = Connection(self, self._generation, protocol)
            self._connection = connection
            try:
                reason = connection.run()
            except Exception as error:  # noqa: BLE001 - rule 2: nothing may end this thread
                reason = f"{type(error).__name__}: {error}"
            self._connection = None
            failures = 0 if connection.stood else failures + 1
            if self._closing.is_set():
                return
            self.post([Disconnected(connection.generation, reason, connection.refused, connection.taken_over)])
            if self.settings.protocol == "auto" and connection.unsupported:
                protocol = 4 if protocol == 5 else 5
                continue
            self._closing.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])


def _bytes(seen: Seen) -> int:
    return len(seen.payload) + ARRIVED_BYTES if isinstance(seen, Arrived) else 0
