"""``make fleet-crash``: feed a fleet, kill everything at random, and compare with the oracle."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from fleet.settings import LogSettings
from fleet.simulation.log_writer import write
from fleet.simulation.oracle import Expected, Share
from fleet.store.connection import DatabaseAwayError
from shared.shipped import SHIPPED_CONFIG
from tests.fleet_crash.centre import TOPIC, Centre
from tests.fleet_crash.raw_edge import RawEdge
from tests.fleet_crash.sites import Edge, Simulated, records_of_round, storm
from tests.fleet_crash.verdict import Verdict, judge, known_sites
from tests.support import kafka, postgres

SHARE = Share("regional_outage", "AC_POWER_LOSS", 0.1, timedelta(minutes=10), 3)
RULES = f"""raw: {{enabled: true, config: {SHIPPED_CONFIG}}}
rules:
  every_s: 0.5
  share: {{regional_outage: {{type: AC_POWER_LOSS, share: 0.1, within_minutes: 10, least_sites: 3}}}}
"""
FEEDERS = 3
SETTLE_S = 240.0
LOOK_S = 0.1
REBALANCE_S = 60.0
SESSION_S, TIMEOUT_S = 2.0, 3.0  # of a worker in the group; of an uplink that waits for the log
BLOWS = {"worker": 45, "freeze": 5, "node": 15, "database": 10, "uplink": 15, "feeder": 10}  # of 100


class Run:
    """One run: the centre, the sites, and what is done to them."""

    def __init__(
        self, seed: int, folder: Path, centre: Centre, sites: Simulated, edges: list[Edge], settle_s: float
    ) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable
        self.folder, self.centre, self.sites, self.edges = folder, centre, sites, edges
        self.settle_s = settle_s

    def strike(self) -> None:
        """Kill something, chosen at random."""
        centre, chance = self.centre, self.chance
        blow = chance.choices([*BLOWS], [*BLOWS.values()])[0]
        if blow == "worker":
            centre.kill_worker(chance)
        elif blow == "freeze":
            centre.freeze_worker(chance)
        elif blow == "node":
            centre.kill_node(chance)
        elif blow == "database":
            centre.kill_database()
        elif blow == "uplink" and self.edges:
            chance.choice(self.edges).kill()
            centre.kills["uplink"] += 1
        else:
            self.sites.kill(chance.choice([*self.sites.running]))
            centre.kills["feeder"] += 1

    def look(self, seconds: float) -> None:
        """Let time pass, and see that what is to live lives."""
        until = time.monotonic() + seconds
        while True:
            self.centre.watch()
            self.centre.deaths += self.sites.deaths()
            if (left := until - time.monotonic()) <= 0:
                return
            time.sleep(min(left, LOOK_S))

    def introduce(self) -> None:
        """Let every simulated site say its first word, and wait until the centre knows them: a share is of all."""
        write(LogSettings(servers=self.centre.kafka.servers, topic=TOPIC), self.sites.first)
        deadline = time.monotonic() + self.settle_s
        while known_sites(self.centre.database) < len(self.sites.first):
            if time.monotonic() > deadline:
                raise click.ClickException(f"the workers do not begin; see {self.folder}")
            self.look(0.3)

    def settle(self) -> Verdict:
        """Kill nothing more, let the rest come, and wait until all of it is counted."""
        self.centre.watch(everything=True)
        self.sites.hurry()
        deadline = time.monotonic() + self.settle_s
        verdict = Verdict(0, 0, 0, 0, differences=["the database was away"])
        while True:
            with suppress(DatabaseAwayError):
                verdict = judge(self._wanted(), self.centre.database, SHARE.rule)
            ended = self.sites.done() and all(edge.done() for edge in self.edges)
            if (ended and verdict.is_good) or time.monotonic() > deadline:
                break
            self.look(0.5)
        if not ended:
            verdict.differences.append("not every site has written everything to the log")
        verdict.differences += self.centre.deaths
        return verdict

    def _wanted(self) -> Expected:
        wanted = deepcopy(self.sites.wanted)
        for edge in self.edges:
            edge.add_to(wanted)
        return wanted

    def of_frames(self) -> int:
        """Return how many of the events must be made of raw frames."""
        return self.sites.of_frames + sum(edge.found.events for edge in self.edges if isinstance(edge, RawEdge))

    def stop(self) -> None:
        """End everything."""
        for edge in self.edges:
            edge.live.stop()
        self.sites.stop()
        self.centre.stop()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything there is."""

    seed: int
    seconds: float
    kills_per_minute: float
    nodes: int
    workers: int
    sites: int
    raw_share: float
    edges: int
    raw_edges: int
    rate: float
    patience: float


def play(plan: Plan, folder: Path, programs: Path) -> tuple[Counter[str], Verdict, int]:
    """Run once and return what was done, what came of it, and how many events were to be made of raw frames."""
    centre = Centre.start(folder, programs, plan.nodes, plan.workers, RULES, SESSION_S * plan.patience)
    servers = centre.kafka.servers
    timeout_s = TIMEOUT_S * plan.patience
    simulated = Simulated(folder, servers, TOPIC, plan.rate / FEEDERS, timeout_s)
    run = Run(plan.seed, folder, centre, simulated, [], SETTLE_S * plan.patience)
    try:
        rounds = max(2, round(plan.seconds * plan.rate / records_of_round(plan.sites, plan.raw_share)))
        begin = datetime.now(UTC) - timedelta(seconds=storm(rounds).lasts_s)
        simulated.make(plan.sites, plan.raw_share, plan.seed, rounds, begin, SHARE, FEEDERS)
        run.introduce()
        for number in range(1, plan.edges + 1):
            place = folder / f"edge{number}"
            run.edges.append(Edge.start(f"edge-{number}", place, servers, TOPIC, plan.seconds, timeout_s))
        for number in range(1, plan.raw_edges + 1):
            place = folder / f"raw_edge{number}"
            edge = RawEdge.start(f"cabin-{number}", place, servers, TOPIC, plan.seconds, timeout_s)
            edge.servers = servers
            run.edges.append(edge)
        for number in simulated.files:
            simulated.begin(number)
        began = rebalanced = time.monotonic()
        while time.monotonic() < began + plan.seconds:
            run.look(run.chance.expovariate(plan.kills_per_minute / 60))
            if time.monotonic() > rebalanced + REBALANCE_S:
                rebalanced = time.monotonic()
                centre.rebalance(run.chance)
            else:
                run.strike()
        verdict = run.settle()
        return centre.kills, verdict, run.of_frames()
    finally:
        run.stop()


@click.command()
@click.option("--seed", default=None, type=int, help="Repeat the load and the order of blows of that seed.")
@click.option("--seconds", default=90.0, show_default=True)
@click.option("--kills-per-minute", default=30.0, show_default=True)
@click.option("--nodes", type=click.Choice(["1", "3"]), default="3", show_default=True, help="Of Kafka.")
@click.option("--workers", default=3, show_default=True)
@click.option("--sites", default=200, show_default=True, help="Simulated ones.")
@click.option("--raw-share", default=0.05, show_default=True, help="Of the simulated sites: they only read.")
@click.option("--edges", default=2, show_default=True, help="Real suites.")
@click.option("--raw-edges", default=1, show_default=True, help="Real suites that only read.")
@click.option("--rate", default=150.0, show_default=True, help="Records a second of the simulated sites.")
@click.option("--patience", default=1.0, show_default=True, help="Times each timeout: on a machine with other work.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything there; else a new temporary folder.")
def main(seed: int | None, nodes: str, folder: Path | None, **how_much: Any) -> None:
    """Kill log, database, workers and uplinks of a fleet under load; fail unless every event is counted once."""
    if not (shutil.which("java") and kafka.JARS.is_dir() and (programs := postgres.programs())):
        raise click.ClickException("needs Java, Kafka's jars (make kafka) and PostgreSQL")
    plan = Plan(seed if seed is not None else random.SystemRandom().randrange(1_000_000), nodes=int(nodes), **how_much)
    folder = folder or Path(tempfile.mkdtemp(prefix="upskeep-fleet-crash-"))
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"{plan}; everything is kept in {folder}")
    kills, verdict, of_frames = play(plan, folder, programs)
    click.echo(", ".join(f"{number} {what}" for what, number in kills.most_common()) + f"; {verdict.repeats} repeats")
    click.echo(f"{of_frames} of the events are made of raw frames at the centre")
    for difference in verdict.differences:
        click.echo(difference)
    click.echo(
        f"produced={verdict.produced} counted={verdict.counted} lost={verdict.lost} duplicated={verdict.duplicated} "
        f"kills={kills.total()}"
    )
    if not verdict.is_good:
        click.echo(f"repeat it with --seed {plan.seed} and the same options")
        sys.exit(1)


if __name__ == "__main__":
    main()
