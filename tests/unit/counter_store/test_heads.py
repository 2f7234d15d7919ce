"""How much of a reading the store reads."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from services.counter_store.app import SERVICE
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.frame_head import FrameHead
from shared.ledger import Ledger
from shared.messages import Frame, Sequenced
from shared.suite import SuiteSettings
from tests.support.fakes.broker import FakeBroker, opener

CONFIG = Path(__file__).parents[3] / "config"
INFLUX = "UPSKEEP_COUNTER_STORE__INFLUX__"


@pytest.mark.parametrize(
    ("environ", "model"),
    [({}, FrameHead), ({f"{INFLUX}ENABLED": "true", f"{INFLUX}API": "v1", f"{INFLUX}DATABASE": "upskeep"}, Frame)],
    ids=["without InfluxDB", "with InfluxDB"],
)
def test_a_reading_is_read_whole_for_influxdb_alone(environ: Mapping[str, str], model: type[Sequenced]) -> None:
    """Nothing is counted by its values."""
    suite = SuiteSettings()
    context = Context(CONFIG, environ, suite, SYSTEM_CLOCK)
    with closing(Ledger(":memory:", SERVICE.schema)) as ledger:
        endpoint = Endpoint(SERVICE.route, suite, ledger, SYSTEM_CLOCK, opener(FakeBroker()))
        with ledger.transaction():
            SERVICE.handler(SERVICE.settings(context), context, ledger, endpoint)

        assert model is endpoint.receiver.models["raw"]
