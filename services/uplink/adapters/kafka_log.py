"""The fleet's log in Kafka, by confluent-kafka (librdkafka).

The producer is idempotent and never gives up by itself; when ``timeout_s`` is over, it is dropped with what it holds. A
broker takes a partition's records of one producer in their order or not at all, so what a batch leaves behind is a
beginning of it.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from services.uplink.core.ports import Entry, Refused, Unavailable
from services.uplink.settings import UplinkSettings
from shared.small_file import read_small

log = logging.getLogger(__name__)
REFUSALS = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG)
MOST_BYTES = 1_048_576  # of a record with what is around it
LOOK_S = 0.5  # how long a write waits before it looks whether it is to end
QUEUED = 100_000  # records that librdkafka takes at once; a batch has fewer


def producer_settings(settings: UplinkSettings, client_id: str) -> dict[str, Any]:
    """Return librdkafka's configuration; raises Unavailable where a secret cannot be read."""
    secure = {
        (False, False): "plaintext",
        (True, False): "ssl",
        (False, True): "sasl_plaintext",
        (True, True): "sasl_ssl",
    }
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(settings.servers),
        "client.id": client_id,
        "security.protocol": secure[settings.tls.enabled, bool(settings.sasl.username)],
        "enable.idempotence": True,
        "enable.gapless.guarantee": True,
        "acks": "all",
        "message.timeout.ms": 0,
        "message.max.bytes": MOST_BYTES,
        "queue.buffering.max.messages": QUEUED,
        "linger.ms": 5,
        "compression.type": "lz4",
        "partitioner": "murmur2_random",  # as the Java clients choose, so that whoever writes a site agrees
        "socket.keepalive.enable": True,
    }
    for key, path in {
        "ssl.ca.location": settings.tls.ca_file,
        "ssl.certificate.location": settings.tls.cert_file,
        "ssl.key.location": settings.tls.key_file,
    }.items():
        if path is not None:
            found[key] = str(path)
    return found | _login(settings)


def _login(settings: UplinkSettings) -> dict[str, Any]:
    sasl = settings.sasl
    if sasl.username is None or sasl.password_file is None:
        return {}
    try:
        password = read_small(sasl.password_file).decode("utf-8").strip()
    except OSError as error:
        raise Unavailable(f"sasl.password_file {sasl.password_file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise Unavailable(f"sasl.password_file {sasl.password_file} is not UTF-8 text") from None
    return {"sasl.mechanism": sasl.mechanism, "sasl.username": sasl.username, "sasl.password": password}


class KafkaLog:
    """A ``SiteLog``. It connects with the first batch, and anew after one that was not confirmed."""

    def __init__(self, settings: UplinkSettings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: Producer | None = None
        self._last_error = ""
        self._interrupted = threading.Event()

    def write(self, entries: Sequence[Entry]) -> None:
        """Return when everything is confirmed; raises Unavailable or Refused."""
        producer = self._producer or self._open()
        confirmed = 0
        faults: list[KafkaError] = []

        def note(error: KafkaError | None, _: object) -> None:
            nonlocal confirmed
            if error is None:
                confirmed += 1
            else:
                faults.append(error)

        try:
            for key, value in entries:
                producer.produce(self._settings.topic, key=key, value=value, on_delivery=note)
            for _ in range(math.ceil(self._settings.timeout_s / LOOK_S)):
                if self._interrupted.is_set() or not producer.flush(LOOK_S):
                    break
        except KafkaException as error:
            faults.insert(0, error.args[0])
        except SystemError:  # a callback ran over the fatal error that has stopped the client
            log.debug("the client has stopped", exc_info=True)
        except BufferError as error:
            self._let_go()
            raise Unavailable(f"the client's queue is full: {error}") from error
        if confirmed < len(entries):
            self._let_go()
            raise self._explained(faults)
        self._last_error = ""

    def interrupt(self) -> None:
        """End the write under way."""
        self._interrupted.set()

    def close(self) -> None:
        """Let go of the producer; whatever it holds is in the uplink's ledger."""
        self._let_go()

    def _open(self) -> Producer:
        settings = producer_settings(self._settings, self._client_id)
        try:
            self._producer = Producer({**settings, "error_cb": self._note, "log_level": 0})
        except KafkaException as error:
            raise Unavailable(f"the client cannot be set up: {error.args[0].str()}") from error
        return self._producer

    def _note(self, error: KafkaError) -> None:
        self._last_error = error.str()

    def _let_go(self) -> None:
        """Drop the producer with whatever it still holds; to purge it would be a fatal error of its own."""
        self._producer = None

    def _explained(self, faults: Sequence[KafkaError]) -> Unavailable | Refused:
        refusals = [fault for fault in faults if _is_refusal(fault)]
        if refusals:
            return Refused(refusals[0].str())
        reasons = [fault.str() for fault in faults] or [self._last_error]
        where = ", ".join(self._settings.servers)
        late = f"{where}: not confirmed within {self._settings.timeout_s:g} s"
        return Unavailable(f"{late}: {reasons[0]}" if reasons[0] else late)


def _is_refusal(fault: KafkaError) -> bool:
    """Whether the log will not take a record; the fatal error that comes of it names the reason in its text alone."""
    return fault.code() in REFUSALS or any(KafkaError(code).str() in fault.str() for code in REFUSALS)
