"""What a fault of Kafka's client means to who writes: a record that is refused, or a log that is away."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from services.uplink.adapters.kafka_log import KafkaLog
from services.uplink.core.ports import Refused, Unavailable
from services.uplink.settings import UplinkSettings

GAPLESS = "ProduceRequest for log [2] with 2 message(s) failed: {}(broker 1 PID{{Id:0,Epoch:0}}, base seq 0)"


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (KafkaError.MSG_SIZE_TOO_LARGE, None, Refused),
        (KafkaError._FATAL, GAPLESS.format("Broker: Message size too large "), Refused),
        (KafkaError._GAPLESS_GUARANTEE, GAPLESS.format("Broker: Not leader for partition "), Unavailable),
        (KafkaError._MSG_TIMED_OUT, None, Unavailable),
    ],
)
def test_a_refusal_is_known_by_code_or_by_the_text_of_the_fatal_error(
    code: int, text: str | None, kind: type[Exception]
) -> None:
    """Among 2 messages of one request the reports may have the fatal error alone (a run of CI)."""
    log = KafkaLog(UplinkSettings(servers=["127.0.0.1:1"]), "test")
    assert kind is type(log._explained([KafkaError(code, text) if text else KafkaError(code)]))
