"""What the suite knows and how its pipeline fares, as metric families."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from datetime import datetime

from services.gateway.core.metrics.channels import channel_families
from services.gateway.core.metrics.families import PREFIX, Family
from services.gateway.core.view import View
from shared.messages import AlertState, DeviceState, Status

# A figure of a service's status, and the counter or gauge it is: name, kind, help. Counts begin anew with the service.
FIGURES: dict[tuple[str, str], tuple[str, str, str]] = {
    ("sensor_reader", "frames"): ("reader_frames", "counter", "Frames read since the service started."),
    ("sensor_reader", "errors"): ("reader_errors", "counter", "Errors of reading since the service started."),
    ("sensor_reader", "refused"): ("reader_frames_refused", "counter", "Frames that could not be sent."),
    ("event_processor", "frames"): ("processor_frames", "counter", "Frames processed since the service started."),
    ("event_processor", "events"): ("processor_events", "counter", "Events made since the service started."),
    ("event_processor", "refused"): ("processor_offers_refused", "counter", "Offered events that were refused."),
    ("event_processor", "work_waiting"): ("processor_work_waiting", "gauge", "Handler calls that wait."),
    ("event_processor", "work_dropped"): ("processor_work_dropped", "counter", "Handler calls that were given up."),
    ("counter_store", "types"): ("store_event_types", "gauge", "Event types that have a counter."),
    ("counter_store", "history"): ("store_history_events", "gauge", "Events in the history."),
    ("counter_store", "influx_pending"): ("store_influx_points_waiting", "gauge", "Points that wait for InfluxDB."),
    ("alerter", "rules"): ("alerter_rules", "gauge", "Alert rules in force."),
    ("alerter", "stops"): ("alerter_emergency_stops", "gauge", "Emergency stops that stand."),
    ("alerter", "notices"): ("alerter_notices", "counter", "Notices made since the service started."),
    ("alerter", "notices_waiting"): ("alerter_notices_waiting", "gauge", "Notices that wait for delivery."),
    ("alerter", "notices_sent"): ("alerter_notices_sent", "counter", "Notices delivered since the service started."),
    ("alerter", "notices_failed"): ("alerter_notices_failed", "counter", "Notices that were given up."),
    ("alerter", "notices_oldest_s"): ("alerter_notice_oldest_seconds", "gauge", "Age of the oldest waiting notice."),
}


def suite_families(view: View, now_s: float, wall: datetime) -> list[Family]:
    """Return every family. Channels of a device that has been silent are left out: an old value is no value."""
    fresh = [state for state in view.states() if not view.is_stale(state.device, now_s, wall)]
    families = [
        *_devices(view, fresh),
        *channel_families(fresh),
        *_counts(view),
        *_alerts(view),
        *_services(view.statuses()),
        *_figures(view.statuses()),
        _connection(view),
    ]
    return [family for family in families if family.samples]


def _gauge(name: str, text: str) -> Family:
    return Family(PREFIX + name, "gauge", text)


def _devices(view: View, fresh: Iterable[DeviceState]) -> list[Family]:
    time = _gauge("device_last_reading_timestamp_seconds", "Time of the device's last reading.")
    for state in view.states():
        time.add(state.time.timestamp(), device=state.device)
    mains = _gauge("device_on_mains", "Whether the mains feed the device; 0 on battery, absent where not known.")
    battery = _gauge("device_battery_low", "How low the battery is: 0 ok, 1 low, 2 critical; absent where not known.")
    active = _gauge("device_condition_active", "Rules that hold for the device now.")
    simulated = _gauge("device_simulated", "Whether the device's readings are simulated or recorded.")
    for state in fresh:
        if state.power is not None:
            mains.add(state.power == "mains", device=state.device)
        if state.battery is not None:
            battery.add(("ok", "low", "critical").index(state.battery), device=state.device)
        for name in state.active:
            active.add(1, device=state.device, condition=name)
        simulated.add(state.simulated, device=state.device)
    return [time, mains, battery, active, simulated]


def _counts(view: View) -> list[Family]:
    events = Family(PREFIX + "events", "counter", "Events counted, by type, each exactly once.")
    last = _gauge("event_last_timestamp_seconds", "Time of the last event of a type.")
    for counter in view.counters():
        events.add(counter.total, type=counter.type)
        last.add(counter.last_time.timestamp(), type=counter.type)
    score = _gauge("health_score", "Health score of the watched hardware, 0 to 100.")
    if (health := view.health()) is not None:
        score.add(health.score)
    incidents = _gauge("incidents_open", "Incidents that have not ended, by pattern.")
    for pattern, count in sorted(Tally(i.pattern for i in view.incidents() if i.end is None).items()):
        incidents.add(count, pattern=pattern)
    return [events, last, score, incidents]


def _alerts(view: View) -> list[Family]:
    alerts = _gauge("alerts", "Alerts by state and severity.")
    tally = Tally((str(alert.state), str(alert.severity)) for alert in view.alerts())
    for (state, severity), count in sorted(tally.items()):
        alerts.add(count, state=state, severity=severity)
    firing = _gauge("alert_firing", "Alerts that fire, acknowledged ones included: 1 each.")
    for alert in view.alerts():
        if alert.state in (AlertState.FIRING, AlertState.ACKNOWLEDGED):
            acknowledged = str(alert.state is AlertState.ACKNOWLEDGED).lower()
            firing.add(1, rule=alert.rule, key=alert.key, severity=str(alert.severity), acknowledged=acknowledged)
    return [alerts, firing]


def _services(statuses: Iterable[Status]) -> list[Family]:
    up = _gauge("service_up", "Whether a service is online by its last life sign.")
    info = _gauge("service_info", "A service's version.")
    sent = Family(PREFIX + "stream_messages", "counter", "Messages that a producer has put into a stream.")
    applied = Family(PREFIX + "stream_applied_messages", "counter", "Messages of a stream that a consumer has applied.")
    lag = _gauge("stream_unapplied_messages", "Messages of a stream that a consumer has yet to apply.")
    held = _gauge("outbox_messages", "Messages that a producer holds until everybody has them.")
    known = {status.service: status for status in statuses}
    for name, status in known.items():
        up.add(status.state == "online", service=name)
        info.add(1, service=name, version=status.version or "")
        for stream, ends in status.streams.items():
            sent.add(ends.head, producer=name, stream=stream)
            held.add(max(0, ends.head - ends.floor + 1), producer=name, stream=stream)
        for producer, marks in status.applied.items():
            for stream, mark in marks.items():
                labels = {"producer": producer, "stream": stream, "consumer": name}
                applied.add(mark.seq, **labels)
                source = known.get(producer)
                if source is not None and source.epoch == mark.epoch and stream in source.streams:
                    lag.add(max(0, source.streams[stream].head - mark.seq), **labels)
    return [up, info, sent, applied, lag, held]


def _figures(statuses: Iterable[Status]) -> list[Family]:
    families = {
        name: Family(PREFIX + name, "counter" if kind == "counter" else "gauge", text)
        for name, kind, text in FIGURES.values()
    }
    for status in statuses:
        for figure, value in status.figures.items():
            row = FIGURES.get((status.service.partition("-")[0], figure))
            if row is not None and isinstance(value, int | float):
                families[row[0]].add(value, service=status.service)
    return list(families.values())


def _connection(view: View) -> Family:
    family = _gauge("gateway_broker_connected", "Whether the gateway is connected to the broker.")
    family.add(view.connected)
    return family
