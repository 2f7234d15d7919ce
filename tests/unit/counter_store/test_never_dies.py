"""No accepted message makes the store die, now or at its next start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.core.reports.report import DetailedReport
from services.counter_store.service import LEDGER_SCHEMA
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.ledger import Ledger
from shared.messages import Alert, Event, Frame, Sequenced
from tests.support.store_bench import POLICY, StoreBench

INFLUX = CounterStoreSettings(influx=InfluxSettings(enabled=True, api="v1", database="d", setup=False))
QUESTIONS = ("counters", "statistics", "health", "history", "report", "frequency", "failures", "anomalies", "inventory")
GOOD_TIMES = ["2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2261-12-31T23:59:59.999999Z"]
TIMES = st.sampled_from(
    [*GOOD_TIMES, *GOOD_TIMES, "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "\0", "\x1b[2J", "\u202e", "=1+1", "a" * 99, 2**63, -(2**63), 2**200, 1e308])
)
DATA = st.dictionaries(
    st.text(max_size=10) | st.sampled_from(["", "id", "time", "step_s", "since", "earlier_s", "errors", "code"]),
    st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)),
    max_size=4,
)
GOOD_NAMES = ["ups", "x", "CLOCK_JUMP", "sensor.vpd", "_", "a-b", "x" * 64, "AC_POWER_LOSS"]
NAMES = st.sampled_from([*GOOD_NAMES, *GOOD_NAMES, "a b", "ü", ""])  # most are good, or nothing would be accepted
GOOD_VALUES = st.sampled_from([True, False, 0, 1, -1.5, 3.4, 1e18, "good", "\x1b[2J", "=1+1"])
FIELDS: dict[str, Any] = {
    "id": st.sampled_from(["a1", "b-2", "c/3", "x" * 40]) | st.text(min_size=0, max_size=40),
    "producer": NAMES,
    "epoch": st.sampled_from(["e1", "e2", "aaaaaaaaaaaa"]),
    "seq": st.sampled_from([0, 1, 2, 2**62, 2**63 - 2]),
    "site": NAMES,
    "type": NAMES,
    "category": NAMES,
    "severity": st.sampled_from(["info", "warning", "error", "critical", "CRITICAL"]),
    "time": TIMES,
    "device": st.none() | NAMES,
    "zone": st.none() | NAMES | st.text(max_size=5),
    "data": DATA,
    "metadata": DATA
    | st.fixed_dictionaries({}, optional={"incident": VALUES, "processing_ms": VALUES, "replayed": VALUES}),
    "values": st.dictionaries(st.sampled_from(GOOD_NAMES), GOOD_VALUES, max_size=3)
    | st.dictionaries(NAMES, VALUES, max_size=3),
    "quality": st.sampled_from(["good", "bad", "stale", "suspect"]),
    "rule": NAMES,
    "key": NAMES,
    "state": st.sampled_from(["firing", "resolved", "pending"]),
    "value": GOOD_VALUES | VALUES,
    "threshold": st.sampled_from([0, 1.5, -3]),
    "since": TIMES,
    "window_s": st.sampled_from([0, 3600]),
    "reason": st.sampled_from(["over_limit", "within_limit"]),
    "message": st.text(max_size=20),
}


def messages(model: type[Any]) -> st.SearchStrategy[Any]:
    """Yield what the model accepts of any JSON for its fields, and None for what it refuses."""
    fields = {name: FIELDS[name] for name in model.model_fields if name in FIELDS}

    def accepted(given: dict[str, Any]) -> Any:
        try:
            return model.model_validate_json(json.dumps(given))
        except ValidationError:
            return None

    return st.fixed_dictionaries(fields).map(accepted)


@contextmanager
def store(path: Path) -> Iterator[StoreBench]:
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        yield StoreBench(ledger, replace(POLICY, history_per_type=3), INFLUX)


@pytest.mark.parametrize("until", [None, 0.0, 86_400.0])
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(events=st.lists(messages(Event) | messages(Frame), max_size=6), alert=messages(Alert))
def test_no_accepted_message_kills_the_store(
    events: list[Sequenced | None], alert: Alert | None, until: float | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It applies them all, answers every question, writes every report, and starts again over the same ledger."""
    path = tmp_path_factory.mktemp("store") / "ledger.sqlite"
    for _ in range(2):
        with store(path) as here:
            here.batch(*(one for one in events if one is not None), until=until)
            if alert is not None:
                here.store.follow(alert, retained=False)
            here.batch(until=until)
            here.store.announce()
            here.store.figures()
            if here.store.counters() or until is not None:
                for name in QUESTIONS:
                    here.ask(name)
                found = DetailedReport.model_validate(here.ask("report", kind="detailed"))
                for _, render in FORMATS.values():
                    render(found).encode()


@pytest.mark.parametrize("model", [Event, Frame, Alert])
def test_the_strategies_make_messages_that_are_accepted(model: type[Any]) -> None:
    """Or the property above would say nothing."""
    seen: list[Any] = []

    @settings(max_examples=100, deadline=None, database=None)
    @given(messages(model))
    def collect(message: Any) -> None:
        seen.append(message)

    collect()
    assert sum(one is not None for one in seen) >= 5
