"""One connection to the broker, from CONNECT to its end: the only code that touches paho-mqtt.

Every connection is a paho client of its own (rule 1 of ``shared.mqtt``); it lives on the owner's network thread.
"""

from __future__ import annotations

import logging
import select
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from shared.mqtt.best_effort import best_effort_packet
from shared.mqtt.buffered_socket import BufferedSocket
from shared.mqtt.gathering import Gathering
from shared.mqtt.login import LoginError, client_id_of, password_of, tls_context, tls_fault
from shared.mqtt.reading import Reading
from shared.mqtt.waker import Waker
from shared.mqtt.wire import Acknowledged, Arrived, Connected, Publication, Receipt
from shared.suite import BrokerSettings

log = logging.getLogger(__name__)

SESSION_EXPIRY_S = 14 * 24 * 3600
UNSUPPORTED_PROTOCOL = (1, 0x84)
SESSION_TAKEN_OVER = 0x8E  # MQTT 5 alone says so
ENDED = "the connection ended"
STEP_S = 1.0  # what paho could not write is tried again so soon
PACKETS_AT_ONCE = 100  # read before the owner gets them: under a flood what is buffered does not end
Seen = Arrived | Connected | Acknowledged


class Owner(Protocol):
    """What a connection needs to know of its owner."""

    settings: BrokerSettings
    client_id: str
    subscriptions: tuple[str, ...]
    unsubscriptions: tuple[str, ...]
    at_most_once: frozenset[str]
    will: Publication | None
    inflight: int
    persistent: bool
    gathering: Gathering
    reading: Reading
    connecting: threading.Lock

    def post(self, seen: list[Seen]) -> None:
        """Take what happened, in order; called on the network thread."""


class _Client(paho.Client):
    """paho over a buffered stream, reading on while something is buffered, then reporting once what came."""

    stream: BufferedSocket | None = None
    unconfirmed_by: int | None = None  # the thread that writes a QoS 0 message
    on_change: Callable[[], None] = staticmethod(lambda: None)

    @property
    def on_publish(self) -> Any:
        """None while a QoS 0 message is written: nobody waits for it, and the call costs as much as the message."""
        return None if self.unconfirmed_by == threading.get_ident() else paho.Client.on_publish.__get__(self)

    @on_publish.setter
    def on_publish(self, callback: Any) -> None:
        paho.Client.on_publish.__set__(self, callback)  # type: ignore[attr-defined]

    def _create_socket(self) -> Any:
        self.stream = BufferedSocket(super()._create_socket())
        return self.stream

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        code = super().loop_read(max_packets)
        for _ in range(PACKETS_AT_ONCE):
            if code != paho.MQTT_ERR_SUCCESS or self.stream is None or not self.stream.pending():
                break
            code = super().loop_read(max_packets)
        self.on_change()
        return code


class Connection:
    """One connection. ``stood`` says whether it ever did, ``refused`` and ``unsupported`` why it did not."""

    def __init__(self, owner: Owner, generation: int, protocol: int) -> None:
        self.owner = owner
        self.generation = generation
        self.stood = False
        self.unsupported = False
        self.refused = False
        self.taken_over = False
        self.reason = ENDED
        self.subscribed = False
        self.ended = False
        self.seen: list[Seen] = []  # reported to the owner in one piece, and not before the subscription stands
        version = MQTTProtocolVersion(protocol)
        self.client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=_client_id(owner),
            protocol=version,
            clean_session=None if version == MQTTProtocolVersion.MQTTv5 else not owner.persistent,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self.client.on_change = self._notify
        self.client.max_inflight_messages = owner.inflight
        self.client.on_connect = self._guarded(self._on_connect)
        self.client.on_message = self._guarded(self._on_message)
        self.client.on_publish = self._guarded(self._on_publish)
        self.client.on_disconnect = self._guarded(self._on_disconnect)
        self.client.on_subscribe = self._guarded(self._on_subscribe)

    # ---- called by the owner's thread

    def publish(self, publication: Publication) -> int | None:
        """Hand a publication over; returns its message id, None if the connection is gone."""
        if not publication.qos and self._collect((publication,)):
            return 0
        properties = None
        if self.client.protocol == MQTTProtocolVersion.MQTTv5:
            properties = _sent_along(publication)
        self.client.unconfirmed_by = None if publication.qos else threading.get_ident()
        info = self.client.publish(
            publication.topic, publication.payload, publication.qos, publication.retain, properties
        )
        self.client.unconfirmed_by = None
        return info.mid if info.rc == paho.MQTT_ERR_SUCCESS else None

    def publish_unconfirmed(self, publications: Sequence[Publication]) -> None:
        """Hand over publications of QoS 0."""
        if not self._collect(publications):
            for publication in publications:
                self.publish(publication)

    def _collect(self, publications: Sequence[Publication]) -> bool:
        """Put best-effort messages among what is held: paho's way is that of one to be confirmed, and costs as much.

        Not while paho has a packet half written.
        """
        stream = self.client.stream
        if any(each.attributes or each.correlation is not None for each in publications):
            return False
        if stream is None or self.client.want_write():
            return False
        version_5 = self.client.protocol == MQTTProtocolVersion.MQTTv5
        return stream.collect(b"".join([best_effort_packet(each, no_properties=version_5) for each in publications]))

    def ack(self, mid: int) -> None:
        """Acknowledge one message."""
        self.client.ack(mid, 1)

    def hold(self) -> None:
        """Collect what is written until ``flush``: many small packets, one call to the system."""
        if self.client.stream is not None:
            self.client.stream.hold()

    def flush(self) -> None:
        """Write what was collected."""
        if self.client.stream is not None:
            self.client.stream.flush()

    def disconnect(self) -> None:
        """Leave cleanly."""
        self.client.disconnect()

    # ---- the network thread

    def run(self) -> str:
        """Connect and stay; returns why it ended."""
        settings = self.owner.settings
        parts = urlsplit(settings.url)
        host = parts.hostname or "localhost"
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        try:
            with self.owner.connecting:
                self._connect(host, port, tls=parts.scheme == "mqtts")
        except LoginError as error:
            return str(error)
        except ssl.SSLError as error:
            return tls_fault(error, f"{host}:{port}", settings)
        except ConnectionResetError as error:
            return f"{host}:{port} ends the connection ({error.strerror}); does it speak TLS on that port?"
        except OSError as error:
            return f"no broker at {host}:{port}: {error.strerror or error}"
        while not self.ended:
            if self.subscribed:
                self.owner.reading.lend()
            self.step(max(STEP_S, self.owner.gathering.seconds))
        if not self.stood and self.reason == ENDED:
            if self.client.stream is not None and (fault := self.client.stream.tls_fault) is not None:
                return tls_fault(fault, f"{host}:{port}", settings)  # TLS 1.3 refuses a client after the handshake
            self.unsupported = True  # closed before CONNACK: some brokers answer an unknown protocol level so
        return self.reason

    # ---- whoever reads: ``shared.mqtt.reading``

    def step(self, timeout_s: float, waker: Waker | None = None) -> bool:
        """Wait for the network, read and write what there is; returns whether the connection still stands.

        The owner brings what ends its wait.
        """
        try:
            self.ended = self.ended or bool(self._step(timeout_s, waker))
        except (OSError, ValueError):  # closed meanwhile
            self.ended = True
        return not self.ended

    def _step(self, timeout_s: float, waker: Waker | None) -> MQTTErrorCode:
        client, stream = self.client, self.client.stream
        if stream is None or client.socket() is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        readable, writable = self._ready(stream, timeout_s, waker)
        code = client.loop_read() if readable else self._nothing_came()
        if writable and not code:
            code = client.loop_write()
        return code or client.loop_misc()

    def _ready(self, stream: BufferedSocket, timeout_s: float, waker: Waker | None) -> tuple[bool, bool]:
        """Wait; returns whether there is something to read, and whether what was left can be written."""
        gathering, wanted = self.owner.gathering, [stream] if self.client.want_write() else []
        if pending := bool(stream.pending()):
            timeout_s = 0.0
        if waker is None:
            if self.subscribed and gathering.wait():
                timeout_s = 0.0
            readable, writable, _ = select.select([stream], wanted, [], timeout_s)
        else:
            readable, writable, _ = waker.select(stream, wanted, timeout_s, gathering.left_s())
        return pending or stream in readable, bool(writable)

    def _nothing_came(self) -> MQTTErrorCode:
        self.owner.gathering.read(0)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _connect(self, host: str, port: int, *, tls: bool) -> None:
        settings = self.owner.settings
        self._identify(settings, tls)
        if self.client.protocol == MQTTProtocolVersion.MQTTv5:
            properties = _properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = SESSION_EXPIRY_S if self.owner.persistent else 0
            clean = not self.owner.persistent
            self.client.connect(host, port, settings.keepalive_s, clean_start=clean, properties=properties)
        else:
            self.client.connect(host, port, settings.keepalive_s)

    def _identify(self, settings: BrokerSettings, tls: bool) -> None:
        if settings.username is not None:
            self.client.username_pw_set(settings.username, password_of(settings))
        if tls:
            self.client.tls_set_context(tls_context(settings))
        will = self.owner.will
        if will is not None:
            self.client.will_set(will.topic, will.payload, 1, will.retain)

    def _notify(self) -> None:
        """Give the owner what has happened since the last time, the Connected first."""
        if not self.subscribed:
            return
        seen, self.seen = self.seen, []
        if seen:
            self.owner.post(seen)
            self.owner.reading.came(len(seen))
        self.owner.gathering.read(len(seen))

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
            self.refused = True
            self.reason = _explained(code, self.owner.settings)
            return
        self.stood = True
        version = "5" if client.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self.seen.append(Connected(self.generation, bool(flags.session_present), version))
        if flags.session_present and self.owner.unsubscriptions:
            client.unsubscribe(list(self.owner.unsubscriptions))
        if self.owner.subscriptions:
            client.subscribe([(topic, self._wanted(topic)) for topic in self.owner.subscriptions])
        if flags.session_present or not self.owner.subscriptions:
            # A session's subscriptions stand already; and rumqttd, with a backlog unacknowledged, sends its SUBACK
            # only after an ack: whoever waits for the one before the other waits for ever.
            self.subscribed = True

    def _wanted(self, topic: str) -> Any:
        qos = 0 if topic in self.owner.at_most_once else 1
        return SubscribeOptions(qos=qos) if self.client.protocol == MQTTProtocolVersion.MQTTv5 else qos

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        receipt = Receipt(self.generation, message.mid) if message.qos else Receipt(-1, 0)
        properties = message.properties
        respond_to = getattr(properties, "ResponseTopic", None)
        correlation = getattr(properties, "CorrelationData", None)
        payload = bytes(message.payload)
        repeated = bool(message.dup)
        self.seen.append(Arrived(message.topic, payload, message.retain, receipt, respond_to, correlation, repeated))

    def _on_publish(self, _: paho.Client, __: Any, mid: int, code: ReasonCode, ___: Any) -> None:
        self.seen.append(Acknowledged(self.generation, mid, str(code) if code.is_failure else None))

    def _on_subscribe(self, _: paho.Client, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            log.error("the broker refuses a subscription of %s: %s", self.owner.client_id, ", ".join(refused))
        self.subscribed = True

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        self.taken_over = code.value == SESSION_TAKEN_OVER
        if self.stood and self.reason == ENDED:
            self.reason = f"{ENDED}: {code}"


def _client_id(owner: Owner) -> str:
    try:
        return client_id_of(owner.client_id, owner.settings)
    except LoginError:
        return owner.client_id  # ``run`` comes to the same fault and says so


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves it untyped


def _sent_along(publication: Publication) -> Properties | None:
    if not publication.attributes and publication.correlation is None:
        return None
    properties = _properties(PacketTypes.PUBLISH)
    if publication.attributes:
        properties.ContentType = "application/json"
        properties.UserProperty = list(publication.attributes.items())
    if publication.correlation is not None:
        properties.CorrelationData = publication.correlation
    return properties


def _explained(code: ReasonCode, settings: BrokerSettings) -> str:
    who = settings.username or "no user name"
    if code.getName() in ("Not authorized", "Bad user name or password"):
        where = f"the password in {settings.password_file}" if settings.password_file else "the user name"
        return f"{settings.url} refuses {who}: {code}; check {where} and the broker's password file"
    return f"{settings.url} refuses the connection: {code}"
