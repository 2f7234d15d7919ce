"""Records of sites, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fleet.core.reading import Arrival
from shared.messages import Alert, AlertState, DeviceState, Event, Quality, Severity
from shared.site_records import AlertRecord, EventRecord, SiteRecord, StateRecord, encode, event_record

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def event(
    site: str, seq: int, kind: str = "AC_POWER_LOSS", *, epoch: str = "e1", at_s: float | None = None, name: str = ""
) -> EventRecord:
    """An event, a minute after the one before it unless ``at_s`` says when."""
    time = BEGIN + timedelta(seconds=60 * seq if at_s is None else at_s)
    return event_record(
        Event(
            id=name or f"{site}.{epoch}.{seq}",
            type=kind,
            category="power",
            severity=Severity.WARNING,
            time=time,
            site=site,
            device="ups",
            producer="event_processor",
            epoch=epoch,
            seq=seq,
            data={"battery_voltage": 3.9},
        )
    )


def state(site: str, seq: int, *, power: str = "mains", runtime_s: float | None = None) -> StateRecord:
    """What is known of a site's only UPS."""
    values = {"state_of_charge": 80.0} | ({} if runtime_s is None else {"estimated_runtime_low_s": runtime_s})
    said = DeviceState(
        device="ups",
        time=BEGIN + timedelta(seconds=seq),
        quality=Quality.GOOD,
        power=power,
        values=values,
    )
    return StateRecord(site=site, producer="uplink", stream="state", epoch="u1", seq=seq, message=said)


def alert(site: str, seq: int, became: AlertState = AlertState.FIRING) -> AlertRecord:
    """An alert of a site."""
    time = BEGIN + timedelta(seconds=seq)
    said = Alert(
        rule="on_battery",
        key="ups",
        state=became,
        severity=Severity.WARNING,
        since=BEGIN,
        time=time,
        value=1,
        threshold=0,
        window_s=0,
        reason="held",
        message=f"said at {seq}",
    )
    return AlertRecord(site=site, producer="uplink", stream="alert", epoch="u1", seq=seq, message=said)


def arrivals(records: list[SiteRecord], partition: int = 0, first: int = 0) -> list[Arrival]:
    """The records as they are in one partition of the log."""
    return [Arrival(partition, first + at, *encode(record)) for at, record in enumerate(records)]
