"""The metrics: their values, their names by Prometheus's conventions, and what promtool says of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from services.gateway.adapters.prometheus import Exposition
from services.gateway.core.metrics.channels import BASE_UNITS, metric_of
from services.gateway.core.metrics.suite import FIGURES, suite_families
from services.gateway.core.view import STALE_S, View
from shared.health import Health
from shared.incidents import Incident
from shared.quantities import QUANTITIES
from tests.conftest import Require
from tests.unit.gateway.heard import NOON, alert, counter, event, state, status, view_of

ROOT = Path(__file__).parents[3]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
ENDS = {"head": 12, "floor": 5}
MARK = {"event_processor": {"event": {"epoch": "e1", "seq": 9}}}


def everything() -> View:
    """A view with something of each kind, and every channel and figure there is."""
    values = dict.fromkeys(QUANTITIES, 1.0)
    figures: dict[str, dict[str, float]] = {}
    for service, figure in FIGURES:
        figures.setdefault(service, {})[figure] = 3
    return view_of(
        state(
            values={**values, "ac_present": True, "fault": "none", "a channel": 2.5},
            active=("on_battery", 'odd "\\ name'),
        ),
        state("rack", zone="cellar", power=None, battery=None, values={"air_temperature": 21.0}),
        alert(),
        alert("hourly_rate", "BATTERY_LOW", state="acknowledged"),
        counter(),
        Health(site="home", score=78, grade="FAIR", factors=(), as_of=NOON),
        Incident(
            id="1", pattern="outage", key="ups", severity="warning", start=NOON, last=NOON, count=1, events=("e1",)
        ),
        status("event_processor", epoch="e1", streams={"event": ENDS}, figures=figures["event_processor"]),
        status("alerter", applied=MARK, figures=figures["alerter"]),
        status("counter_store", state="offline", figures=figures["counter_store"]),
        status("sensor_reader-attic", figures=figures["sensor_reader"]),
    )


def page_of(view: View, accept: str = "", now_s: float = 0.0) -> str:
    return Exposition(lambda: suite_families(view, now_s, NOON)).page(accept)[0].decode()


def samples(page: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_text(page)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("upskeep_events_total", {"type": "AC_POWER_LOSS"}, 7),
        ("upskeep_battery_voltage_volts", {"device": "ups", "zone": ""}, 1),
        ("upskeep_state_of_charge_ratio", {"device": "ups", "zone": ""}, 0.01),
        ("upskeep_estimated_runtime_low_seconds", {"device": "ups", "zone": ""}, 1),
        ("upskeep_air_temperature_celsius", {"device": "rack", "zone": "cellar"}, 21),
        ("upskeep_ac_present", {"device": "ups", "zone": ""}, 1),
        ("upskeep_device_on_mains", {"device": "ups"}, 1),
        ("upskeep_device_battery_low", {"device": "ups"}, 0),
        ("upskeep_alerts", {"state": "firing", "severity": "warning"}, 1),
        ("upskeep_health_score", {}, 78),
        ("upskeep_incidents_open", {"pattern": "outage"}, 1),
        ("upskeep_service_up", {"service": "counter_store"}, 0),
        ("upskeep_service_up", {"service": "alerter"}, 1),
        ("upskeep_stream_messages_total", {"producer": "event_processor", "stream": "event"}, 12),
        (
            "upskeep_stream_unapplied_messages",
            {"producer": "event_processor", "stream": "event", "consumer": "alerter"},
            3,
        ),
        ("upskeep_outbox_messages", {"producer": "event_processor", "stream": "event"}, 8),
        ("upskeep_reader_frames_total", {"service": "sensor_reader-attic"}, 3),
        ("upskeep_gateway_broker_connected", {}, 0),
    ],
)
def test_a_metric_says_what_was_heard(name: str, labels: dict[str, str], value: float) -> None:
    """In base units, with few labels."""
    assert value == samples(page_of(everything()))[name, frozenset(labels.items())]


def test_what_is_not_known_is_absent() -> None:
    """The rack has no mains and no battery, words are no numbers, and an empty view has nearly nothing."""
    page = page_of(everything())
    assert not re.search(r'upskeep_device_(on_mains|battery_low){device="rack"}', page)
    assert "upskeep_fault" not in page
    assert {"upskeep_gateway_broker_connected"} == {
        family.name for family in parse_text(page_of(View())) if family.name.startswith("upskeep_")
    }


def test_channels_of_a_silent_device_are_absent() -> None:
    """An old value is no value; the time of its last reading stays."""
    page = page_of(everything(), now_s=STALE_S + 1)
    assert "upskeep_battery_voltage_volts" not in page
    assert "upskeep_device_on_mains" not in page
    assert 'upskeep_device_last_reading_timestamp_seconds{device="ups"}' in page


def test_a_lag_is_shown_of_one_epoch_only() -> None:
    """Numbers of another ledger say nothing about this one."""
    view = view_of(status("event_processor", epoch="e2", streams={"event": ENDS}), status("alerter", applied=MARK))
    assert "upskeep_stream_unapplied_messages" not in page_of(view)


@pytest.mark.parametrize("unit", sorted({quantity.unit for quantity in QUANTITIES.values()}))
def test_every_unit_has_a_base_unit(unit: str) -> None:
    """A new unit in the registry needs a row."""
    assert unit in BASE_UNITS


def test_no_two_channels_share_a_metric() -> None:
    """Their values would be one's and the other's in turn."""
    names = [metric_of(name)[0] for name in QUANTITIES]
    assert len(names) == len(set(names))


def test_events_are_no_labels() -> None:
    """Ids and messages would make a series each."""
    view = everything()
    view.events.append(event())
    page = page_of(view)
    assert "e1" not in {value for _, labels in samples(page) for _, value in labels}
    assert "more than a minute" not in page


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_the_page_parses_in_both_formats(accept: str) -> None:
    """By the official client's own parsers, OpenMetrics's strict one included."""
    page = page_of(everything(), accept)
    families = list((parse_openmetrics if accept else parse_text)(page))
    assert all(family.documentation for family in families)
    assert all(
        sample.name.endswith("_total") for family in families if family.type == "counter" for sample in family.samples
    )


def test_promtool_finds_nothing_to_complain_about(require: Require) -> None:
    """Its lint knows the conventions of naming, units and help texts."""
    promtool = require.program("promtool")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=page_of(everything()), capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stdout + done.stderr)


def test_the_sample_alert_rules_do_what_they_say(require: Require) -> None:
    """By promtool's own tests of rules."""
    done = subprocess.run(
        [require.program("promtool"), "test", "rules", "upskeep.tests.yml"],
        cwd=ROOT / "docs" / "prometheus",
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["upskeep.rules.yml", "upskeep.tests.yml"])
def test_the_sample_rules_ask_for_metrics_that_there_are(name: str) -> None:
    """A metric that nobody writes never fires."""
    asked = set(re.findall(r"\bupskeep_[a-z_]+", (ROOT / "docs" / "prometheus" / name).read_text()))
    assert asked
    assert asked <= {sample for sample, _ in samples(page_of(everything()))}
