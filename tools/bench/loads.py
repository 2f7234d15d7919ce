"""Recordings that a bench plays: rows of CSV, frames of so many devices in turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tools.bench.live import START

EDGE_S = 20  # of event time before an outage and after it: longer than a loss or a return of the mains takes to be sure


def ups_rows(frames: int, devices: int = 1) -> Iterator[str]:
    """Yield five-channel frames, one a second from each UPS: the first has an outage over all but both edges."""
    yield "time,device,battery_voltage,battery_current,state_of_charge,output_power,ac_present"
    last = frames // devices
    for index in range(frames):
        second, device = divmod(index, devices)
        on_mains = device > 0 or second < EDGE_S or second >= last - EDGE_S
        volts, percent, watts = 4 + index % 50 / 1000, 80 + index % 10 / 10, 5 + index % 20 / 10
        shown = f"{volts:.3f},0.0{index % 5},{percent:.1f},{watts:.2f},{'true' if on_mains else 'false'}"
        yield f"{(START + timedelta(seconds=second)).isoformat()},ups{device},{shown}"


def room_rows(frames: int, rate: int) -> Iterator[str]:
    """Yield ``rate`` frames a second of a room with one reading, so one event, a frame."""
    yield "time,air_temperature"
    for index in range(frames):
        yield f"{(START + timedelta(seconds=index / rate)).isoformat()},{20 + index % 100 / 100:.2f}"


def full_room_rows(frames: int) -> Iterator[str]:
    """Yield a frame a second of a room with three readings: four events each, VPD among them."""
    yield "time,air_temperature,relative_humidity,co2"
    for index in range(frames):
        at = (START + timedelta(seconds=index)).isoformat()
        yield f"{at},{20 + index % 100 / 100:.2f},{50 + index % 70 / 10:.1f},{600 + index % 90}"
