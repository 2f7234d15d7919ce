"""The MQTT door: paho-mqtt in one place, and nothing of it outside.

Rules (each answers a way paho or a broker loses data; tests/integration/shared/test_mqtt.py has one test a rule):
1. Every connection is a client object of its own. What an earlier connection had queued, in flight or
   unacknowledged dies with it, so no stale ack can reach a new session and nothing is sent twice by paho.
2. The network thread only puts what happened into the inbox. It runs guarded: a fault in it becomes a
   Disconnected in the inbox, and the next connection follows.
3. ``publish`` takes no more than ``inflight`` unconfirmed messages and nothing while disconnected, so paho
   never queues. A refusal in the PUBACK (MQTT 5) is reported as Refused.
4. Acknowledgements are manual and in order of arrival: ``ack`` covers everything up to the receipt.
5. The session is persistent and asked for explicitly (clean start off, expiry named). QoS 2 is not used.
6. The password file is read anew for every attempt, so a corrected one is picked up.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from shared.suite import BrokerSettings

log = logging.getLogger(__name__)

SESSION_EXPIRY_S = 14 * 24 * 3600
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
UNSUPPORTED_PROTOCOL = (1, 0x84)


@dataclass(frozen=True, slots=True)
class Publication:
    """What to publish. ``attributes`` become user properties where the broker speaks MQTT 5."""

    topic: str
    payload: bytes
    retain: bool = False
    attributes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Stands for one arrived message, to be given back to ``ack``."""

    generation: int
    mid: int


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands and is subscribed; ``generation`` counts connections from 1."""

    generation: int
    session_present: bool
    protocol: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone, or an attempt at one failed."""

    generation: int
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came in."""

    topic: str
    payload: bytes
    retain: bool
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker took the publication with this token; ``refusal`` says why it did not."""

    token: Any
    refusal: str | None = None


Arrival = Connected | Disconnected | Arrived | Confirmed


@dataclass(frozen=True, slots=True)
class _Acknowledged:
    generation: int
    mid: int
    refusal: str | None


class Door:
    """One service's way to the broker. All methods but the network thread's own belong to one thread."""

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        subscriptions: Sequence[str],
        will: Publication | None = None,
        *,
        inflight: int = 100,
        persistent: bool = True,
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self.subscriptions = tuple(subscriptions)
        self.will = will
        self.inflight = inflight
        self.persistent = persistent
        self._inbox: deque[Arrived | Connected | Disconnected | _Acknowledged] = deque()
        self._ready = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._generation = 0
        self._client: paho.Client | None = None
        self._live = 0
        self._tokens: dict[int, Any] = {}
        self._unacked: deque[Receipt] = deque()

    def open(self) -> None:
        """Begin to connect, and go on for as long as the door is open."""
        self._thread = threading.Thread(target=self._serve, name=f"mqtt-{self.client_id}", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether a connection stands, as far as the owner has taken note by ``take``."""
        return self._live != 0

    @property
    def room(self) -> int:
        """How many publications may be handed over now."""
        return self.inflight - len(self._tokens) if self._live else 0

    def take(self, limit: int, timeout_s: float) -> list[Arrival]:
        """Return what happened, oldest first, at most ``limit``; waits up to ``timeout_s`` for something."""
        with self._ready:
            if not self._inbox and timeout_s > 0:
                self._ready.wait(timeout_s)
            count = min(limit, len(self._inbox))
        return [seen for _ in range(count) if (seen := self._note(self._inbox.popleft())) is not None]

    def wake(self) -> None:
        """End a ``take`` that waits; may be called from a signal handler."""
        with self._ready:
            self._ready.notify()

    def publish(self, publication: Publication, token: Any = None) -> bool:
        """Hand a publication (QoS 1) to the connection; a Confirmed with ``token`` follows.

        Returns False, and has done nothing, when there is no connection or no room.
        """
        client = self._client
        if client is None or self.room <= 0:
            return False
        properties = None
        if publication.attributes and client.protocol == MQTTProtocolVersion.MQTTv5:
            properties = _properties(PacketTypes.PUBLISH)
            properties.ContentType = "application/json"
            properties.UserProperty = list(publication.attributes.items())
        info = client.publish(publication.topic, publication.payload, 1, publication.retain, properties)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return False
        self._tokens[info.mid] = token
        return True

    def ack(self, receipt: Receipt) -> None:
        """Acknowledge every arrived message up to and including ``receipt``, in order of arrival.

        A receipt of an earlier connection, or of a message without QoS, acknowledges nothing.
        """
        client = self._client
        if client is None or receipt not in self._unacked:
            return
        while self._unacked:
            first = self._unacked.popleft()
            client.ack(first.mid, 1)
            if first == receipt:
                return

    def close(self, farewell: Publication | None = None, timeout_s: float = 5.0) -> None:
        """Publish ``farewell``, wait for its confirmation, and disconnect cleanly (no last will)."""
        if farewell is not None and self._live:
            self._say_farewell(farewell, time.monotonic() + timeout_s)
        self._closing.set()
        client = self._client
        if client is not None:
            client.disconnect()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._live = 0

    def _say_farewell(self, farewell: Publication, deadline: float) -> None:
        mark = object()
        handed = False
        while time.monotonic() < deadline and self._live:
            handed = handed or self.publish(farewell, mark)
            if any(isinstance(a, Confirmed) and a.token is mark for a in self.take(1000, 0.1)):
                return

    def _note(self, item: Arrived | Connected | Disconnected | _Acknowledged) -> Arrival | None:
        """Keep the owner's view in step with what it is being told."""
        if isinstance(item, Arrived):
            if item.receipt.generation == self._live:
                self._unacked.append(item.receipt)
            return item
        if isinstance(item, _Acknowledged):
            if item.generation != self._live or item.mid not in self._tokens:
                return None
            return Confirmed(self._tokens.pop(item.mid), item.refusal)
        self._tokens.clear()
        self._unacked.clear()
        self._live = item.generation if isinstance(item, Connected) else 0
        return item

    # ---- below: the network thread

    def _post(self, item: Arrived | Connected | Disconnected | _Acknowledged) -> None:
        with self._ready:
            self._inbox.append(item)
            self._ready.notify()

    def _serve(self) -> None:
        failures = 0
        protocol = {"5": 5, "3.1.1": 4, "auto": 5}[self.settings.protocol]
        while not self._closing.is_set():
            self._generation += 1
            connection = _Connection(self, self._generation, protocol)
            try:
                self._client = connection.client
                reason = connection.run()
            except Exception as error:  # noqa: BLE001 - rule 2: nothing may end this thread
                reason = f"{type(error).__name__}: {error}"
            self._client = None
            failures = 0 if connection.stood else failures + 1
            if self._closing.is_set():
                return
            self._post(Disconnected(connection.generation, reason))
            if self.settings.protocol == "auto" and connection.unsupported:
                protocol = 4 if protocol == 5 else 5
                continue
            self._closing.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])


class _Connection:
    """One connection, from CONNECT to its end. Lives on the network thread."""

    def __init__(self, door: Door, generation: int, protocol: int) -> None:
        self.door = door
        self.generation = generation
        self.stood = False
        self.unsupported = False
        self.reason = "the connection ended"
        self.early: list[Connected | Arrived] | None = None  # held back until the subscription stands
        version = MQTTProtocolVersion(protocol)
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=door.client_id,
            protocol=version,
            clean_session=None if version == MQTTProtocolVersion.MQTTv5 else not door.persistent,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self.client.max_inflight_messages = door.inflight
        self.client.on_connect = self._guarded(self._on_connect)
        self.client.on_message = self._guarded(self._on_message)
        self.client.on_publish = self._guarded(self._on_publish)
        self.client.on_disconnect = self._guarded(self._on_disconnect)
        self.client.on_subscribe = self._guarded(self._on_subscribe)

    def run(self) -> str:
        """Connect and stay; returns why it ended."""
        settings = self.door.settings
        parts = urlsplit(settings.url)
        host = parts.hostname or "localhost"
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        try:
            self._identify(settings, parts.scheme == "mqtts")
            if self.client.protocol == MQTTProtocolVersion.MQTTv5:
                properties = _properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = SESSION_EXPIRY_S if self.door.persistent else 0
                clean = not self.door.persistent
                self.client.connect(host, port, settings.keepalive_s, clean_start=clean, properties=properties)
            else:
                self.client.connect(host, port, settings.keepalive_s)
        except OSError as error:
            return f"no broker at {host}:{port}: {error}"
        code = self.client.loop_forever(retry_first_connection=False)
        if not self.stood and code != paho.MQTT_ERR_SUCCESS and self.reason == "the connection ended":
            self.unsupported = True  # closed before CONNACK: some brokers answer an unknown protocol level so
        return self.reason

    def _identify(self, settings: BrokerSettings, tls: bool) -> None:
        if settings.username is not None:
            password = None
            if settings.password_file is not None:
                password = settings.password_file.read_text(encoding="utf-8").strip()
            self.client.username_pw_set(settings.username, password)
        if tls:
            self.client.tls_set(
                ca_certs=str(settings.ca_file) if settings.ca_file else None, cert_reqs=ssl.CERT_REQUIRED
            )
        will = self.door.will
        if will is not None:
            self.client.will_set(will.topic, will.payload, 1, will.retain)

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        def call(*args: Any) -> None:
            try:
                callback(*args)
            except Exception:
                log.exception("a fault in the MQTT network thread; the connection starts again")
                self.reason = "a fault in the network thread"
                self.client.disconnect()

        return call

    def _on_connect(self, client: paho.Client, _: Any, flags: Any, code: ReasonCode, __: Any) -> None:
        if code.is_failure:
            self.unsupported = code.value in UNSUPPORTED_PROTOCOL
            self.reason = _explained(code, self.door.settings)
            return
        self.stood = True
        version = "5" if client.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self.early = [Connected(self.generation, bool(flags.session_present), version)]
        if self.door.subscriptions:
            client.subscribe([(topic, _wanted(client)) for topic in self.door.subscriptions])
        else:
            self._open_up()

    def _open_up(self) -> None:
        """The subscription stands: tell that we are connected, then what arrived before (a session's backlog)."""
        early, self.early = self.early, None
        for item in early or ():
            self.door._post(item)

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        receipt = Receipt(self.generation, message.mid)
        if message.qos == 0:
            receipt = Receipt(-1, 0)
        arrived = Arrived(message.topic, bytes(message.payload), message.retain, receipt)
        if self.early is not None:
            self.early.append(arrived)
        else:
            self.door._post(arrived)

    def _on_publish(self, _: paho.Client, __: Any, mid: int, code: ReasonCode, ___: Any) -> None:
        refusal = str(code) if code.is_failure else None
        self.door._post(_Acknowledged(self.generation, mid, refusal))

    def _on_subscribe(self, _: paho.Client, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            log.error("the broker refuses a subscription of %s: %s", self.door.client_id, ", ".join(refused))
        self._open_up()

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        if self.stood:
            self.reason = f"the connection ended: {code}"


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves it untyped


def _wanted(client: paho.Client) -> Any:
    return SubscribeOptions(qos=1) if client.protocol == MQTTProtocolVersion.MQTTv5 else 1


def _explained(code: ReasonCode, settings: BrokerSettings) -> str:
    who = settings.username or "no user name"
    if code.getName() in ("Not authorized", "Bad user name or password"):
        where = f"the password in {settings.password_file}" if settings.password_file else "the user name"
        return f"{settings.url} refuses {who}: {code}; check {where} and the broker's password file"
    return f"{settings.url} refuses the connection: {code}"
