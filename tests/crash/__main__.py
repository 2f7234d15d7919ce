"""``make crash``: play load through the live suite, break everything at random, and compare with the oracle."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click

from services.counter_store.settings import load
from shared.mqtt import MqttClient
from shared.settings import read_settings
from shared.suite import SuiteSettings
from tests.crash import climate, live
from tests.crash.fleet import Fleet
from tests.crash.load import STEP_S, rows
from tests.crash.proxy import Proxy
from tests.crash.verdict import Verdict, judge, judge_good, oracle
from tests.hostile.grammar import Bad, Grammar
from tests.hostile.neighbour import Neighbour
from tests.hostile.rights import LEAST, guarded_broker, login
from tests.support.answers import unlike
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker, free_port
from upskeep.outcome import Outcome
from upskeep.runner.live_view import LiveView, viewer
from upskeep.runner.run import outcome_of
from upskeep.runner.supervisor import SERVICES

RATE = 100  # frames a second
KEEPALIVE_S = 3
SETTLE_S = 180.0
BROKER_SHARE = 0.12  # of the blows
CONFIG = Path("config")
HOSTILE_PER_S = 300
LIMITS = "max_inflight_messages 200\nmax_queued_messages 100000"
KEEPS_NOTHING = f"persistence false\n{LIMITS}"
KEEPS_SESSIONS = f"persistence true\nautosave_interval 1\n{LIMITS}\npersistence_location "  # and the folder


@dataclass(frozen=True)
class World:
    """What a run goes on in. A broker with ``persistence`` comes back with its sessions as of a second before."""

    kind: str = MOSQUITTO
    hostile: bool = False
    control: bool = False
    persistence: bool = False

    def broker(self, folder: Path) -> Broker:
        """Return the broker, which keeps its files in ``folder``; in a hostile world with the suite's own rights."""
        lines = f"{KEEPS_SESSIONS}{folder.resolve()}/" if self.persistence else KEEPS_NOTHING
        if self.hostile:
            return guarded_broker(folder, (*SERVICES, "operator", LEAST), lines)
        return Broker(
            self.kind, free_port(), folder, f"allow_anonymous true\n{lines}" if self.kind == MOSQUITTO else ""
        )


@dataclass
class Harness:
    """A run: the fleet behind its proxy, and a view of it that goes straight to the broker."""

    seed: int
    folder: Path
    fleet: Fleet
    proxy: Proxy
    view: LiveView
    client: MqttClient
    neighbours: list[Neighbour] = field(default_factory=list)
    loop: climate.Loop | None = None

    def look(self, seconds: float) -> None:
        """Let time pass, taking in what the suite says."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for _ in self.view.poll(self.client, min(left, 0.2)):
                pass
            self.fleet.watch()


def strike(chance: random.Random, harness: Harness) -> None:
    """Break something, chosen at random."""
    fleet, proxy = harness.fleet, harness.proxy
    if chance.random() < BROKER_SHARE:
        fleet.kill_broker()
        return
    name = chance.choice(fleet.names)
    other = chance.random()
    if other < 0.06:
        proxy.reset()
    elif other < 0.10:
        proxy.stall(chance.uniform(0.2, 2.0))
    elif other < 0.12:
        proxy.deafen()
    elif other < 0.14:
        fleet.freeze(name)
        harness.look(KEEPALIVE_S * 2)
        fleet.thaw(name)
    fleet.kill(name)


@dataclass(frozen=True)
class Blows:
    """What a run does to the suite: ``kills_per_minute`` blows at random, or each service stopped for ``frozen_s``."""

    seed: int
    seconds: float
    kills_per_minute: float
    frozen_s: float = 0.0

    def apply(self, harness: Harness) -> None:
        """Break the suite for ``seconds``; where services are stopped, for as long as all of them take."""
        if self.frozen_s:
            for name in harness.fleet.names:
                harness.fleet.freeze(name)
                harness.look(self.frozen_s)
                harness.fleet.thaw(name)
            return
        chance = random.Random(self.seed)  # noqa: S311 - repeatable
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            harness.look(chance.expovariate(self.kills_per_minute / 60))
            strike(chance, harness)


def play(blows: Blows, world: World, folder: Path) -> tuple[Fleet, Verdict]:
    """Run once and return what was done and what came of it."""
    seed, seconds = blows.seed, blows.seconds
    frames = int(seconds * RATE)
    recording = folder / "load.csv"
    recording.write_text("\n".join(rows(seed, frames)) + "\n", encoding="utf-8")
    expected, ids = oracle(recording, CONFIG, folder / "expected.jsonl")
    load_from = {"UPSKEEP_SOURCE": f"recording:{recording}", "UPSKEEP_SPEED": str(RATE * STEP_S)}
    harness = _prepare(seed, world, folder, load_from)
    troubles: list[str] = []
    try:
        harness.fleet.start()
        harness.client.open()
        for neighbour in harness.neighbours:
            neighbour.start()
        if harness.loop is not None:
            harness.loop.start()
        blows.apply(harness)
        for neighbour in harness.neighbours:
            neighbour.stop()
        troubles += _let_leases_lapse(harness)
        found = _settle(harness)
        troubles += _count_offers(harness, folder / "data")
    finally:
        if harness.loop is not None:
            harness.loop.stop()
        harness.fleet.stop()
        harness.client.close()
        harness.proxy.close()
    if world.hostile or world.control:
        return harness.fleet, judge_good(expected, ids, folder / "data", harness.fleet.deaths + troubles)
    verdict = judge(expected, ids, found, folder / "data")
    verdict.differences += harness.fleet.deaths
    if expected.last_time is not None:
        policy = load(CONFIG, harness.fleet.environ).policy
        ledger = folder / "data" / "counter_store" / "ledger.sqlite"
        verdict.differences += unlike(ledger, recording, folder / "expected.jsonl", policy, expected.last_time)[:20]
    return harness.fleet, verdict


def play_live(blows: Blows, world: World, folder: Path) -> tuple[Fleet, Verdict]:
    """Run once with live hardware as the load."""
    source = live.Source()
    harness = _prepare(blows.seed, world, folder, source.environ())
    try:
        harness.fleet.start()
        harness.client.open()
        blows.apply(harness)
        verdict = live.settle(source, folder / "data", SETTLE_S, harness.look)
    finally:
        harness.fleet.stop()
        harness.client.close()
        harness.proxy.close()
        source.close()
    verdict.differences += harness.fleet.deaths
    return harness.fleet, verdict


def _let_leases_lapse(harness: Harness) -> list[str]:
    """Leave controller and supervisor dead until every actuator is safe; returns what is wrong with that."""
    if harness.loop is None:
        return []
    harness.look(climate.ORDER_S * 3)  # so that something is on
    for name in climate.SERVICES:
        harness.fleet.end(name)
    trouble = climate.safe_within_their_lease(harness.loop)
    harness.loop.ordering = False
    for name in climate.SERVICES:
        harness.fleet.begin(name)
    return [trouble] if trouble else []


def _count_offers(harness: Harness, data: Path) -> list[str]:
    """Wait until every offer of the loop is counted; returns what is not, or not once."""
    if harness.loop is None:
        return []
    found = climate.settled(data, SETTLE_S / 3, harness.look)
    click.echo(
        f"climate: offers={found.offered} counted={found.counted} lost={found.lost} duplicated={found.duplicated}"
    )
    return found.differences


def _prepare(seed: int, world: World, folder: Path, load_from: dict[str, str]) -> Harness:
    broker = world.broker(folder / "broker")
    secrets = folder / "broker" if world.hostile else None
    port = free_port()
    proxy = Proxy(port, broker.port)
    environ = {
        "UPSKEEP_CONFIG": str(CONFIG),
        "UPSKEEP_SUITE__BROKER__URL": f"mqtt://127.0.0.1:{port}",
        "UPSKEEP_SUITE__BROKER__KEEPALIVE_S": str(KEEPALIVE_S),
        "UPSKEEP_SUITE__DATA": str(folder / "data"),
        "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "100000000",  # every id is compared
        **load_from,
    }
    names = SERVICES
    if world.control:
        environ |= climate.environ(folder / "climate")
        names = (*SERVICES, *climate.SERVICES)
    suite = read_settings(CONFIG, "suite", SuiteSettings, {})
    fleet = Fleet(broker, environ, folder / "log", secrets=secrets, names=names)
    settings = login(secrets, "operator", broker.settings.url) if secrets else broker.settings
    client = viewer(settings, suite.topics, "crash-view", ("status", "counter", "alert"))
    harness = Harness(seed, folder, fleet, proxy, LiveView(suite.topics), client)
    if world.control:
        harness.loop = climate.Loop(suite.model_copy(update={"broker": settings}))
    if secrets is not None:
        make = partial(_forge, Grammar(seed, suite.topics))
        neighbour = Neighbour(login(secrets, LEAST, broker.settings.url), LEAST, make, HOSTILE_PER_S)
        harness.neighbours.append(neighbour)
    return harness


def _forge(grammar: Grammar) -> Bad:
    """Return a bad message of any kind, every second one an offer under the neighbour's own name."""
    return grammar.next(("ingest",), LEAST) if grammar.flip(0.5) else grammar.next()


def _settle(harness: Harness) -> Outcome:
    """Break nothing more, play what is left of the load (each start of the reader costs time), wait for the counts."""
    harness.fleet.hurry()
    deadline = time.monotonic() + SETTLE_S
    while not harness.view.done():
        if time.monotonic() > deadline:
            raise click.ClickException(f"the suite did not settle in {SETTLE_S:g} s; see {harness.folder}")
        harness.look(0.3)
    harness.look(1.0)
    return outcome_of(harness.view)


def _report(fleet: Fleet, verdict: Verdict, say: Callable[[str], None]) -> bool:
    say(
        f"produced={verdict.produced} counted={verdict.counted} lost={verdict.lost} duplicated={verdict.duplicated} "
        f"kills={fleet.kills} broker_kills={fleet.broker_kills}"
    )
    for difference in verdict.differences:
        say(difference)
    return not (verdict.lost or verdict.duplicated or verdict.differences)


@click.command()
@click.option("--seed", default=None, type=int, help="Repeat the load and the order of blows of that seed.")
@click.option("--seconds", default=90.0, show_default=True)
@click.option("--kills-per-minute", default=60.0, show_default=True)
@click.option("--frozen-s", default=0.0, help="Kill nothing; stop each service in turn for so long (SIGSTOP).")
@click.option("--broker", "kind", default=MOSQUITTO, type=click.Choice([MOSQUITTO, EMBEDDED]), show_default=True)
@click.option("--persistence", is_flag=True, help="A Mosquitto that keeps its sessions, as of a second before.")
@click.option("--hostile", is_flag=True, help="A neighbour with the least user's rights forges and floods all along.")
@click.option("--climate", "control", is_flag=True, help="Controller and supervisor too, over simulated actuators.")
@click.option("--live", "is_live", is_flag=True, help="Live hardware as the load, in place of a recording.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything there; else a new temporary folder.")
def main(
    seed: int | None,
    seconds: float,
    kills_per_minute: float,
    frozen_s: float,
    kind: str,
    persistence: bool,
    hostile: bool,
    control: bool,
    is_live: bool,
    folder: Path | None,
) -> None:
    """Kill and cut the live suite under load; fail unless every event is counted exactly once."""
    if persistence and kind != MOSQUITTO:
        raise click.UsageError(f"--persistence is of Mosquitto; --broker {kind} keeps no sessions")
    seed = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    folder = folder or Path(tempfile.mkdtemp(prefix="upskeep-crash-"))
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(
        f"seed {seed}, {seconds:g} s, {kills_per_minute:g} kills a minute, {kind}; everything is kept in {folder}"
    )
    blows = Blows(seed, seconds, kills_per_minute, frozen_s)
    world = World(kind, hostile, control, persistence)
    fleet, verdict = (play_live if is_live else play)(blows, world, folder)
    if not _report(fleet, verdict, click.echo):
        click.echo(f"repeat it with --seed {seed} --seconds {seconds:g} --kills-per-minute {kills_per_minute:g}")
        sys.exit(1)


if __name__ == "__main__":
    main()
