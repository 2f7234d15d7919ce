"""``make bench ARGS="--node-red"``: the same burst of frames through Node-RED and through the suite, in turns.

Through Telegraf too, where ``tools/bench/telegraf.sh`` has built one: it reads each number and passes it on.

Node-RED (``make node-tools``) reads each frame from Mosquitto (QoS 1, a persistent session), counts it and notes where
the mains go and come in a function, and publishes what it found (QoS 1): about the least that a flow of it does. The
suite does all that it does. In a second burst each is killed once (SIGKILL) in its middle and started again: of the
suite event_processor. What is lost is what never came out at the end, of the suite what its streams miss.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from services.sensor_reader.adapters.sources.csv_rows import csv_rows, read_header
from shared.messages import Counter, Status
from shared.mqtt import Arrived, MqttClient, Publication
from shared.suite import BrokerSettings
from tools.bench.live import Live, free_port
from tools.bench.loads import ups_rows
from tools.bench.telegraf import TELEGRAF, telegraf_command
from tools.bench.throughput import cpu_s
from upskeep.runner.run import LocalBroker

NODE_RED = Path(__file__).parents[2] / ".venv" / "node" / "node_modules" / "node-red" / "red.js"
FRAMES = 20_000
STARTS_S, IDLE_S = 120.0, 15.0
FUNCTION = """
const frame = msg.payload, count = (flow.get('count') || 0) + 1, was = flow.get('mains');
flow.set('count', count);
flow.set('mains', frame.values.ac_present);
const event = was !== undefined && was !== frame.values.ac_present ? 'mains' : undefined;
return {topic: 'bench/seen', payload: {seq: frame.seq, count: count, event: event}};
"""
Say = Callable[[str], None]
Command = Callable[[Path, int], list[str]]


@dataclass(slots=True)
class Burst:
    """The result of a burst: frames, lost frames, frames a second, and µs of processor time a frame by process."""

    frames: int
    lost: int = 0
    per_s: float = 0.0
    cpu_us: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        by_process = ", ".join(f"{name} {used:.0f}" for name, used in self.cpu_us.items())
        return (
            f"{self.frames} frames, lost {self.lost}, {self.per_s:,.0f} a second, "
            f"{sum(self.cpu_us.values()):.0f} µs of processor time each ({by_process})"
        )


def measure(folder: Path, say: Say, frames: int = FRAMES) -> None:
    """Say what both make of a burst undisturbed, and of one in which they are killed once."""
    for kill in (False, True):
        how = "killed once in the middle" if kill else "undisturbed"
        for name, through in _ways():
            say(f"{name}, {how}: {through(frames, folder / f'{name}-{kill}', kill=kill)}")


def _ways() -> Iterator[tuple[str, Callable[..., Burst]]]:
    yield "Node-RED", partial(consumer, _node_red_command)
    if TELEGRAF.exists():
        yield "Telegraf", partial(consumer, telegraf_command)
    yield "Upskeep", upskeep


def upskeep(frames: int, folder: Path, *, kill: bool) -> Burst:
    """Return what the suite makes of it."""
    folder.mkdir()
    found = Burst(frames)
    with Live("mosquitto", ups_rows(frames), "max", folder, ("counter", "status")) as live:
        began, used, killed, ended = 0.0, dict[str, float](), not kill, 0.0
        for now, message in live.messages():
            if isinstance(message, Counter) and not began:
                began, used = now, _used(live.processes())
            if isinstance(message, Counter) and message.type == "AC_POWER_RESTORED":
                ended = now
            if not isinstance(message, Status) or message.service != "event_processor":
                continue
            applied = message.applied.get("sensor_reader", {}).get("raw")
            if not killed and applied is not None and applied.seq > frames // 3:
                os.kill(live.processes()["event_processor"], signal.SIGKILL)
                killed = True
            if ended and applied is not None:
                found.lost = frames - min(applied.seq, frames) + int(message.figures.get("lost", 0))
                break
        found.per_s = frames / (ended - began)
        found.cpu_us = _a_frame(used, _used(live.processes()), frames)
    return found


def consumer(command: Command, frames: int, folder: Path, *, kill: bool) -> Burst:
    """Return what a program makes of it that publishes the number of each frame it has taken on ``bench/seen``."""
    folder.mkdir()
    port = free_port()
    broker = LocalBroker("mosquitto", port, folder / "broker", lambda _: None)
    broker.ready()
    client = MqttClient(BrokerSettings(url=broker.url), "upskeep-bench", ["bench/seen"], persistent=False)
    client.open()
    found, seen = Burst(frames), set[int]()
    try:
        with _started(command(folder, port), folder) as start:
            child = start()
            _until_ready(client)
            processes = {"program": child.pid} | ({"broker": broker.child.pid} if broker.child else {})
            used, began, last, sent = _used(processes), time.monotonic(), time.monotonic(), 0
            payloads = list(_payloads(frames))
            while len(seen) < frames and time.monotonic() - last < IDLE_S:
                while sent < frames and client.publish(Publication("bench/frame", payloads[sent])):
                    sent += 1
                if (now_seen := _take(client, seen)) or sent < frames:
                    last = time.monotonic()
                if kill and now_seen and len(seen) > frames // 3:
                    kill = False
                    child.kill()
                    child = start()
                    processes["program"] = child.pid
            found.lost = frames - len(seen)
            found.per_s = len(seen) / (last - began)
            found.cpu_us = _a_frame(used, _used(processes), frames)
    finally:
        client.close()
        broker.stop()
    return found


def _node_red_command(folder: Path, port: int) -> list[str]:
    """Write the flow, and return what runs Node-RED with it."""
    if not NODE_RED.exists():
        raise SystemExit("Node-RED is not installed here: make node-tools (it needs npm)")
    common = {"z": "flow", "broker": "broker", "qos": "1", "x": 0, "y": 0}
    flow = [
        {"id": "flow", "type": "tab", "label": "bench"},
        {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(port), "clientid": "node-red",
         "autoConnect": True, "protocolVersion": "5", "cleansession": False,
         "sessionExpiry": "3600", "keepalive": "60"},
        {**common, "id": "in", "type": "mqtt in", "topic": "bench/frame", "datatype": "json", "wires": [["count"]]},
        {"id": "count", "type": "function", "z": "flow", "func": FUNCTION, "outputs": 1, "x": 0, "y": 0,
         "wires": [["out"]]},
        {**common, "id": "out", "type": "mqtt out", "topic": "", "retain": "false", "wires": []},
    ]  # fmt: skip
    (folder / "flows.json").write_text(json.dumps(flow), encoding="utf-8")
    settings = {"uiHost": "127.0.0.1", "uiPort": free_port(), "httpAdminRoot": False, "httpNodeRoot": False}
    settings |= {"flowFile": "flows.json", "credentialSecret": False, "telemetry": {"enabled": False}}
    (folder / "settings.js").write_text(f"module.exports = {json.dumps(settings)}", encoding="utf-8")
    return ["node", str(NODE_RED), "--userDir", str(folder), "--settings", str(folder / "settings.js")]


@contextmanager
def _started(command: list[str], folder: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Yield what starts the program; at the end all that was started is ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (folder / "program.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder))  # noqa: S603 - our own words
        return started[-1]

    try:
        yield start
    finally:
        for child in started:
            child.kill()
            child.wait()


def _until_ready(client: MqttClient) -> None:
    """Publish frames that do not count until one comes out again."""
    probe, found = Publication("bench/frame", b'{"seq":0,"values":{"ac_present":true}}'), set[int]()
    deadline = time.monotonic() + STARTS_S
    while 0 not in found:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the program did not answer within {STARTS_S:g} s; see program.log")
        client.publish(probe)
        _take(client, found, 0.2)


def _take(client: MqttClient, seen: set[int], wait_s: float = 0.01) -> bool:
    """Note the numbers that have come out; returns whether there were any."""
    arrived = [one for one in client.poll(2000, wait_s) if isinstance(one, Arrived)]
    for one in arrived:
        said = json.loads(one.payload)
        seen.add(said["seq"] if "seq" in said else said["fields"]["seq"])
    if arrived:
        client.ack(arrived[-1].receipt)
    seen.discard(0) if len(seen) > 1 else None
    return bool(arrived)


def _payloads(frames: int) -> Iterator[bytes]:
    """Yield the frames as sensor_reader publishes them."""
    rows = ups_rows(frames)
    to_frame = csv_rows(read_header(next(rows), None, None), None)
    for seq, row in enumerate(rows, 1):
        frame = to_frame(row).revised(producer="sensor_reader", epoch="bench", seq=seq, simulated=True)
        yield frame.model_dump_json(exclude_none=True).encode()


def _used(processes: dict[str, int]) -> dict[str, float]:
    return {name: cpu_s(pid) for name, pid in processes.items() if Path(f"/proc/{pid}").exists()}


def _a_frame(before: dict[str, float], after: dict[str, float], frames: int) -> dict[str, float]:
    """Return µs a frame; a process that was started again since counts from its start."""
    return {name: max(s - before.get(name, 0.0), 0.0) / frames * 1e6 for name, s in after.items()}
