"""The dashboard over the gateway's /metrics, as a table: ``docs/prometheus/upskeep-dashboard.json`` is made from it.

It is imported by hand and asks for its data source, for a Prometheus is nobody's but the user's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PATH = "docs/prometheus/upskeep-dashboard.json"
UID, TITLE = "upskeep-prometheus", "Upskeep (Prometheus)"
WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}


def _words(none: str, one: str) -> tuple[dict[str, Any], ...]:
    """Return the words for 0 and 1."""
    words = {"0": {"text": none, "color": "red"}, "1": {"text": one, "color": "green"}}
    return ({"type": "value", "options": words},)


MAINS, UP = _words("battery", "mains"), _words("offline", "online")


@dataclass(frozen=True, slots=True)
class PrometheusPanel:
    """One panel: its query, the legend of a series, Grafana's unit; ``kind`` is Grafana's own word."""

    title: str
    query: str
    legend: str
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    mappings: tuple[dict[str, Any], ...] = ()


PANELS = (
    PrometheusPanel(
        "Supply",
        "upskeep_device_on_mains",
        "{{device}}",
        kind="stat",
        width=8,
        height=5,
        mappings=MAINS,
    ),
    PrometheusPanel(
        "Alerts that fire", "sum by (severity) (upskeep_alert_firing)", "{{severity}}", kind="stat", width=8, height=5
    ),
    PrometheusPanel(
        "Services",
        "upskeep_service_up",
        "{{service}}",
        kind="stat",
        width=8,
        height=5,
        mappings=UP,
    ),
    PrometheusPanel("Charge", "upskeep_state_of_charge_ratio", "{{device}}", "percentunit"),
    PrometheusPanel("Runtime left, at least", "upskeep_estimated_runtime_low_seconds", "{{device}}", "s"),
    PrometheusPanel("Battery", "upskeep_battery_voltage_volts", "{{device}}", "volt"),
    PrometheusPanel("Air", "upskeep_air_temperature_celsius", "{{device}}", "celsius"),
    PrometheusPanel("Events an hour", "sum by (type) (increase(upskeep_events_total[1h])) > 0", "{{type}}", width=24),
    PrometheusPanel(
        "Since the last reading", "time() - upskeep_device_last_reading_timestamp_seconds", "{{device}}", "s"
    ),
    PrometheusPanel("To apply", "upskeep_stream_unapplied_messages", "{{consumer}} of {{producer}}"),
)


def dashboard() -> dict[str, Any]:
    """Return it as Grafana imports it."""
    panels, x, y, tall = [], 0, 0, 0
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > WIDTH:
            x, y, tall = 0, y + tall, 0
        panels.append(_panel(number, panel, x, y))
        x, tall = x + panel.width, max(tall, panel.height)
    source = {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource"}
    source |= {"pluginId": "prometheus", "pluginName": "Prometheus"}
    return {
        "__inputs": [source],
        "uid": UID,
        "title": TITLE,
        "tags": ["upskeep"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "panels": panels,
    }


def _panel(number: int, panel: PrometheusPanel, x: int, y: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": {"unit": panel.unit, "mappings": list(panel.mappings)}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }
