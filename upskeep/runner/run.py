"""``upskeep run``: broker and services on one machine, what happens shown live, stopped cleanly by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.climate_supervisor.settings import FILE as ACTUATORS_FILE
from services.climate_supervisor.settings import SupervisorSettings
from services.gateway.settings import FILE as GATEWAY_FILE
from services.gateway.settings import GatewaySettings
from services.host_agent.settings import FILE, HostAgentSettings
from shared.config_lines import Lines
from shared.messages import Message, Status
from shared.mqtt import MqttClient
from shared.sd_notify import Systemd
from shared.services import UPLINK
from shared.settings import ConfigError, read_settings
from shared.suite import SuiteSettings
from upskeep.outcome import Outcome
from upskeep.runner import broker
from upskeep.runner.forks import Forks
from upskeep.runner.hints import left_undone, next_steps, program_name, room_steps, served_at
from upskeep.runner.live_view import LiveView, viewer
from upskeep.runner.simulated_room import room_settings
from upskeep.runner.supervisor import (
    CLIMATE_CONTROLLER,
    CLIMATE_SUPERVISOR,
    GATEWAY,
    HOST_AGENT,
    Supervisor,
)
from upskeep.uncollected import uncollected

LOOK_S = 0.1
WATCH_S = 1.0  # while something is awaited or away
CALM_S = 10.0  # else: a child that ends says so by a signal
PATIENCE_S = 3.0  # a broker elsewhere may be away; what is read meanwhile must not wait for it
AWAY_S = 3.0
READY_AT_LATEST_S = 30.0
FOLLOWED = ("status", "counter", "alert", "event")
PLAYED = ("sim", "recording")  # sources that are no hardware


class Say(Protocol):
    """Tells the person at the terminal; ``loud`` is what must not be overlooked."""

    def __call__(self, text: str, loud: bool = False) -> None:
        """Say one line."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the user asked for on the command line."""

    config: Path
    source: str
    speed: str
    exit_when_done: bool
    broker: str
    port: int
    nut_port: int | None = None


class Stopped:
    """Set by Ctrl-C, SIGTERM, or a terminal that is closed (unless `nohup` has it ignored). Then ``wake`` is called."""

    def __init__(self) -> None:
        self.asked = False
        self.wake: Callable[[], None] = lambda: None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._hang_up)

    def _ask(self, _: int, __: object) -> None:
        self.asked = True
        self.wake()

    def _hang_up(self, _: int, __: object) -> None:
        """Stop, and write to nowhere from here on: there is no terminal any more, and a write to it would fail."""
        self.asked = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.close(nowhere)
        self.wake()


def services_of(config: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what runs: the suite, and the host's agent, climate control, uplink and gateway where they are enabled.

    A site that only reads has none of these but the uplink; raises ConfigError where one is enabled that would act.
    """
    agent = read_settings(config, FILE, HostAgentSettings, environ)
    gateway = read_settings(config, GATEWAY_FILE, GatewaySettings, environ)
    climate = read_settings(config, ACTUATORS_FILE, SupervisorSettings, environ).enabled
    suite = read_settings(config, "suite", SuiteSettings, environ)
    optional = (
        (HOST_AGENT, agent.enabled),
        (CLIMATE_CONTROLLER, climate),
        (CLIMATE_SUPERVISOR, climate),
        (UPLINK, bool(suite.uplink)),
        (GATEWAY, gateway.enabled),
    )
    wanted = tuple(name for name, enabled in optional if enabled)
    if suite.only_reads and (blind := [name for name in wanted if name not in (UPLINK, GATEWAY)]):
        reason = f"raw leaves no states and alerts for {' and '.join(blind)}: turn that off, or write `uplink: true`"
        raise ConfigError([Lines(config, "suite", environ).fault(("uplink",), reason)])
    return (*suite.services, *(name for name in wanted if name not in suite.services))


class LocalBroker:
    """The broker of this run: a child that is started again when it dies, or one that runs elsewhere.

    It may not answer before ``ready``.
    """

    def __init__(self, wanted: str, port: int, folder: Path, say: Callable[[str], None]) -> None:
        self.url = wanted
        self.port = port
        self.folder = folder
        self.say = say
        self.kind: str | None = None
        self.child: subprocess.Popen[bytes] | None = None
        if "://" not in wanted:
            self.kind = broker.choose(wanted, broker.installed())
            self.url = f"mqtt://{broker.HOST}:{port}"
            self.child = broker.launch(self.kind, port, folder)

    def ready(self) -> None:
        """Wait until it answers, if it is ours, and say which it is; raises BrokerError."""
        if self.kind is None or self.child is None:
            self.say(f"broker: {self.url}")
        else:
            broker.await_answer(self.child, self.kind, self.port, self.folder)
            self.say(f"broker: {self.kind} on port {self.port}, this machine only")

    def watch(self) -> None:
        """Start a broker that died again."""
        if self.kind and self.child is not None and (code := self.child.poll()) is not None:
            self.say(f"the broker ended (exit code {code}); it starts again, nothing is lost")
            self.child = broker.start(self.kind, self.port, self.folder)

    def stop(self) -> None:
        """Stop it, if it is ours."""
        if self.child is not None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class Reachable:
    """Says when the broker cannot be reached, and when it can again; a short break is not worth a word."""

    def __init__(self, url: str, say: Say) -> None:
        self.url = url
        self.say = say
        self.away_since = time.monotonic()
        self.reported = False

    def check(self, view: LiveView) -> None:
        """Check once more."""
        if view.connected:
            if self.reported:
                self.say(f"the broker at {self.url} is there")
            self.away_since, self.reported = time.monotonic(), False
        elif not self.reported and time.monotonic() - self.away_since > AWAY_S:
            self.reported = True
            reason = view.reason or "no answer"
            self.say(f"still without the broker at {self.url}: {reason}; the services wait for it", loud=True)


def run(options: RunOptions, settings: SuiteSettings, say: Say, show: Callable[[Message], None]) -> Outcome:
    """Run the suite until it is stopped or, when wished, until the source has ended and all is counted."""
    room = room_settings(options.source, options.config, os.environ)
    names = services_of(options.config, {**os.environ, **room})
    systemd = Systemd(os.environ)
    stopped = Stopped()
    local = LocalBroker(options.broker, options.port, settings.data / "broker", say)
    environ = {
        "UPSKEEP_CONFIG": str(options.config),
        "UPSKEEP_SUITE__BROKER__URL": local.url,
        "UPSKEEP_SUITE__DATA": json.dumps(str(settings.data)),  # read as YAML: quoted, it stays as it is
        "UPSKEEP_SOURCE": options.source,
        "UPSKEEP_SPEED": options.speed,
    }
    if options.exit_when_done:  # a scenario is played once; without this it repeats for ever
        environ["UPSKEEP_SENSOR_READER__SIMULATION__CYCLES"] = "1"
    if options.source.partition(":")[0] in PLAYED:
        environ["UPSKEEP_HOST_AGENT__DRY_RUN"] = "true"  # the agent sees to it, too; here it is certain from the start
    environ |= _nut_door(options) | room
    settings = settings.model_copy(update={"broker": settings.broker.model_copy(update={"url": local.url})})
    view = LiveView(settings.topics, only_reads=settings.only_reads)
    client = viewer(settings.broker, settings.topics, f"upskeep-run-{uuid.uuid4().hex[:8]}", FOLLOWED)
    forks = _forks(names, client)
    suite = Supervisor(environ, settings.data / "log", say, names, forks)
    reachable = Reachable(local.url, say)
    stopped.wake = client.wake
    signal.signal(signal.SIGCHLD, lambda *_: client.wake())
    next_steps_due, served = not options.exit_when_done, ""
    try:
        with uncollected():
            _prepare(local, client, view, forks, names, (options.config, {**os.environ, **environ}))
        suite.start()
        began = time.monotonic()
        while not stopped.asked and not (options.exit_when_done and view.done()):
            for message in view.poll(client, _patience_s(view, suite, systemd, names)):
                _introduce(message, names, say)
                show(message)
            if next_steps_due and view.all_online(names):
                next_steps_due = False
                program = program_name(str(Path(sys.argv[0]).absolute()), Path.cwd(), os.environ.get("PATH"))
                for text in next_steps(view.statuses, _unusual(local.url), program):
                    say(text)
                if room:
                    say(room_steps(options.source, program))
            served = _announce(served_at(view.statuses), served, say)
            _tell(systemd, view, names, began)
            reachable.check(view)
            suite.watch()
            local.watch()
        _settle(view, client)
    finally:
        say("stopping")
        systemd.stopping()
        suite.stop()
        client.close()
        local.stop()
    for text in left_undone(view.statuses):
        say(text, loud=True)
    return outcome_of(view)


def _prepare(
    local: LocalBroker,
    client: MqttClient,
    view: LiveView,
    forks: Forks | None,
    names: Sequence[str],
    configured: tuple[Path, Mapping[str, str]],
) -> None:
    """Import the services and read their settings. The broker starts meanwhile, and says what it retains."""
    if forks:
        forks.load(names[:1])
    local.ready()
    client.open()
    if forks:
        forks.load(names, lambda: view.look(client))
        forks.read(*configured)
    view.skip_retained(client, PATIENCE_S)


def _patience_s(view: LiveView, suite: Supervisor, systemd: Systemd, names: Sequence[str]) -> float:
    """How long the runner may wait for a message, a signal or the end of a child."""
    is_calm = view.connected and suite.is_complete and view.all_online(names)
    return min(CALM_S if is_calm else WATCH_S, systemd.every_s)


def _tell(systemd: Systemd, view: LiveView, names: Sequence[str], began: float) -> None:
    """Say to systemd how it goes. Ready is when all are online; a broker elsewhere may keep that waiting for long."""
    now = time.monotonic()
    systemd.alive(now)
    away = [name for name in names if not view.all_online([name])]
    if not away or now - began > READY_AT_LATEST_S:
        systemd.ready()
    systemd.status(f"waiting for {', '.join(away)}" if away else f"{len(names)} services are online")


def _forks(names: Sequence[str], client: MqttClient) -> Forks | None:
    """Return what forks the services; None where nothing can.

    The gateway alone needs a web server: it imports that by itself, while the others are at work already.
    """
    try:
        return Forks([name for name in names if name != GATEWAY], client.at_rest)
    except OSError:
        return None


def _unusual(url: str) -> str:
    """Return the broker's address where another command would not find it by itself, else nothing."""
    return "" if url in (f"mqtt://{host}:1883" for host in ("localhost", broker.HOST)) else url


def _nut_door(options: RunOptions) -> dict[str, str]:
    """Return the settings of a NUT server that was asked for; who asks for both it and a simulation gets to see it."""
    if options.nut_port is None:
        return {}
    played = options.source.partition(":")[0] in PLAYED
    shown = {"UPSKEEP_GATEWAY__NUT__SIMULATED": "true"} if played else {}
    return {"UPSKEEP_GATEWAY__NUT__PORT": str(options.nut_port)} | shown


def _introduce(message: Message, names: Sequence[str], say: Say) -> None:
    if isinstance(message, Status) and message.service in names:
        source = message.figures.get("source", "") if message.state == "online" else ""
        say(f"{message.service}: {message.state}" + (f", {source}" if source else ""))
        if (notes := message.figures.get("notes")) and message.state == "online":
            say(f"{message.service}: {notes}", loud=True)


def _announce(address: str, before: str, say: Say) -> str:
    """Say where the gateway serves, where that is new; returns the address."""
    if address and address != before:
        say(f"console: {address}", loud=True)
    return address


def _settle(view: LiveView, client: MqttClient) -> None:
    """Take what has already arrived."""
    while any(True for _ in view.poll(client, LOOK_S)):
        pass


def outcome_of(view: LiveView) -> Outcome:
    """Return what a suite has published of itself."""
    reader = view.statuses.get("sensor_reader")
    frames = reader.streams["raw"].head if reader and "raw" in reader.streams else 0
    first = reader.first_time if reader else None
    last = reader.event_time if reader else None
    return Outcome(frames, view.counters, view.alerts.values(), first, last)
