"""``make fuzz``: grammar-aware bad messages to every topic of every service while good load runs, against an oracle.

Every service there is runs, the optional ones too. The broker is a real Mosquitto with the repo's own ACL. The bad
messages come from a user without rights, from the operator, from a rogue reader and a rogue agent, and from the stolen
users of two consumers.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType

import click

from shared.kinds import KINDS
from shared.services import UPLINK, suite_of
from shared.topics import Topics
from tests.crash import climate
from tests.crash.fleet import Fleet
from tests.crash.load import STEP_S, rows
from tests.crash.verdict import judge_good, oracle
from tests.hostile.grammar import Bad, Grammar
from tests.hostile.neighbour import Neighbour
from tests.hostile.rights import LEAST, guarded_broker, login
from upskeep.outcome import Outcome

RATE = 40  # good frames a second
SETTLE_S = 240.0
MEMORY = "memory.csv"  # MB of each service, twice a second
CONFIG = Path("config")
SERVICES = tuple(name for name in suite_of(optional=True) if name != UPLINK)  # which goes nowhere without a log
ROGUES = (LEAST, "operator", "sensor_reader-fuzz", "host_agent-fuzz", "alerter", "counter_store")
EXECUTED = {"PYTHON_EXECUTED": "1"}  # what asks for another interpreter is not forked (tests/support/processes)
BROKER = "persistence false\nmax_inflight_messages 200\nmax_queued_messages 100000"


@dataclass
class Result:
    """The figures of the line that is printed."""

    good: int
    counted: int
    lost: int
    duplicated: int
    deaths: list[str]
    bad: int
    refused: int
    rss_mb: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """Return it."""
        return (
            f"good={self.good} counted={self.counted} lost={self.lost} duplicated={self.duplicated} "
            f"deaths={len(self.deaths)} rss_max_mb={max(self.rss_mb.values(), default=0):.0f} "
            f"bad={self.bad} refused_by_acl={self.refused}"
        )

    @property
    def is_good(self) -> bool:
        """Whether bad messages got through, and nothing was lost, repeated or killed."""
        return self.bad > self.refused and not (self.lost or self.duplicated or self.deaths)


def fuzz(
    seed: int,
    seconds: float,
    per_second: float,
    folder: Path,
    meanwhile: Callable[[Fleet], None] = lambda _: None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Result:
    """Run once. ``per_second`` bad messages are sent by all rogues together; ``meanwhile`` is called twice a second.

    ``more`` are variables of the services' environment.
    """
    recording = folder / "load.csv"
    recording.write_text("\n".join(rows(seed, int(seconds * RATE))) + "\n", encoding="utf-8")
    expected, ids = oracle(recording, CONFIG, folder / "expected.jsonl")
    secrets = folder / "broker"
    broker = guarded_broker(secrets, (*SERVICES, *(user for user in ROGUES if user not in SERVICES)), BROKER)
    tent = {name: value for name, value in climate.environ(folder).items() if not name.startswith("UPSKEEP_SUITE")}
    environ = {
        **tent,
        "UPSKEEP_GATEWAY__HTTP__PORT": "0",
        "UPSKEEP_HOST_AGENT__ACTION": '{"run": ["true"]}',  # in vain: dry_run stays
        "UPSKEEP_CONFIG": str(CONFIG),
        "UPSKEEP_SUITE__BROKER__URL": broker.settings.url,
        "UPSKEEP_SUITE__DATA": str(folder / "data"),
        "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "100000000",
        "UPSKEEP_SOURCE": f"recording:{recording}",
        "UPSKEEP_SPEED": str(RATE * STEP_S),
        **more,
    }
    fleet = Fleet(broker, environ, folder / "log", secrets=secrets, names=SERVICES)
    neighbours = []
    for number, user in enumerate(ROGUES):
        make = partial(_by, Grammar(seed * 100 + number, Topics()), user, _kinds_of(user))
        neighbours.append(Neighbour(login(secrets, user, broker.settings.url), user, make, per_second / len(ROGUES)))
    rss: dict[str, float] = {}
    try:
        fleet.start()
        for neighbour in neighbours:
            neighbour.start()
        began = time.monotonic()
        with (folder / MEMORY).open("w", encoding="utf-8") as course:
            course.write(f"second,{','.join(SERVICES)}\n")
            while (second := time.monotonic() - began) < seconds:
                time.sleep(0.5)
                meanwhile(fleet)
                fleet.watch()
                rss |= fleet.memory_mb()
                now = fleet.memory_mb("VmRSS")
                course.write(f"{second:.1f},{','.join(f'{now.get(name, 0):.1f}' for name in SERVICES)}\n")
        for neighbour in neighbours:
            neighbour.stop()
        _settle(fleet, expected, folder / "data")
        rss |= fleet.memory_mb()
    finally:
        fleet.stop()
    bad, refused = (sum(getattr(each, name) for each in neighbours) for name in ("sent", "refused"))
    return _judge(expected, ids, folder / "data", Result(len(ids), 0, 0, 0, fleet.deaths, bad, refused, rss))


def _kinds_of(user: str) -> tuple[str, ...]:
    """Return the kinds that a user may publish: the broker lets them pass under its own name."""
    return ("ingest", *(kind.name for kind in KINDS.values() if kind.spoken_by(user)))


def _by(grammar: Grammar, user: str, kinds: Sequence[str]) -> Bad:
    """Return a bad message, mostly one that the broker lets pass."""
    if grammar.flip(0.1):
        return grammar.next()
    return grammar.next(kinds, user)


def _settle(fleet: Fleet, expected: Outcome, data: Path) -> None:
    """Wait until the store has applied all frames of the load, and all events that the processor has made."""
    deadline = time.monotonic() + SETTLE_S
    while not _is_settled(expected, data):
        if time.monotonic() > deadline:
            raise click.ClickException(f"the suite did not settle in {SETTLE_S:g} s; see {data.parent}")
        time.sleep(0.5)
        fleet.watch()
    time.sleep(1.0)


def _is_settled(expected: Outcome, data: Path) -> bool:
    events = _one(data, "event_processor", "SELECT head FROM stream WHERE name = 'event'")
    applied = "SELECT seq FROM applied WHERE producer = ? ORDER BY latest DESC"
    frames = {name: _one(data, name, applied, "sensor_reader") for name in ("event_processor", "counter_store")}
    if set(frames.values()) != {expected.frames}:
        return False
    return _one(data, "counter_store", applied, "event_processor") == events


def _one(data: Path, service: str, query: str, *values: str) -> int:
    with closing(sqlite3.connect(f"file:{data / service / 'ledger.sqlite'}?mode=ro", uri=True, timeout=10)) as db:
        row = db.execute(query, values).fetchone()
    return int(row[0]) if row else 0


def _judge(expected: Outcome, ids: Counter[str], data: Path, result: Result) -> Result:
    verdict = judge_good(expected, ids, data, result.deaths)
    result.counted, result.lost, result.duplicated = verdict.counted, verdict.lost, verdict.duplicated
    return result


@click.command()
@click.option("--seed", default=None, type=int, help="Repeat the load and the messages of that seed.")
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--per-second", default=1200.0, show_default=True, help="Bad messages of all users together.")
@click.option("--executed", is_flag=True, help="Fork no service from a warm parent: its memory is its own.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything there; else a new temporary folder.")
def main(seed: int | None, seconds: float, per_second: float, executed: bool, folder: Path | None) -> None:
    """Send bad messages to everything; fail unless every good event is counted once and no service ends."""
    seed = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    folder = folder or Path(tempfile.mkdtemp(prefix="upskeep-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"seed {seed}, {seconds:g} s, {per_second:g} bad messages a second; everything is kept in {folder}")
    result = fuzz(seed, seconds, per_second, folder, more=EXECUTED if executed else {})
    click.echo(result.line())
    for death in result.deaths:
        click.echo(death)
    click.echo("rss_mb: " + " ".join(f"{name}={value:.0f}" for name, value in sorted(result.rss_mb.items())))
    if not result.is_good:
        click.echo(f"repeat it with --seed {seed} --seconds {seconds:g} --per-second {per_second:g}")
        sys.exit(1)


if __name__ == "__main__":
    main()
