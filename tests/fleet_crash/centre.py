"""The centre of a run: the log's nodes, the database and the workers, and how each is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fleet.store import schema
from fleet.store.connection import connect
from tests.support.fleet_workers import Workers, write_config
from tests.support.kafka import Kafka, Node
from tests.support.postgres import Postgres

TOPIC = "upskeep.site"
PARTITIONS = 12


@dataclass
class Centre:
    """Everything that is not at a site. ``due`` is what comes back later, by when."""

    kafka: Kafka
    postgres: Postgres
    workers: Workers
    database: str
    session_s: float
    kills: Counter[str] = field(default_factory=Counter)
    deaths: list[str] = field(default_factory=list)
    due: list[tuple[float, str, Node | subprocess.Popen[bytes]]] = field(default_factory=list)

    @classmethod
    def start(cls, folder: Path, programs: Path, nodes: int, workers: int, rules: str, session_s: float) -> Centre:
        """Start everything."""
        kafka, postgres = Kafka(folder / "kafka", nodes), Postgres(programs)
        kafka.start()
        postgres.start()
        kafka.make_topic(TOPIC, PARTITIONS)
        database = postgres.make("fleet")
        with closing(connect(database)) as made:
            schema.migrate(made)
        config = write_config(folder / "config", kafka.servers, TOPIC, database, rules, session_s)
        group = Workers(config, folder)
        for number in range(1, workers + 1):
            group.start(number)
        return cls(kafka, postgres, group, database, session_s)

    def kill_worker(self, chance: random.Random) -> None:
        """End a worker, and start it again."""
        number = chance.choice([*self.workers.running])
        self._thaw(self.workers.running[number])
        self.workers.kill(number)
        self.workers.start(number)
        self.kills["worker"] += 1

    def freeze_worker(self, chance: random.Random) -> None:
        """Stop one where it is for so long that it loses its partitions; when it goes on, it must change nothing."""
        process = chance.choice([*self.workers.running.values()])
        if all(each is not process for _, _, each in self.due):
            process.send_signal(signal.SIGSTOP)
            self.due.append((time.monotonic() + 2 * self.session_s, "thaw", process))
            self.kills["frozen worker"] += 1

    def kill_node(self, chance: random.Random) -> None:
        """End a node of the log for some seconds; one at a time, or the log would rightly take nothing."""
        if not any(what == "node" for _, what, _ in self.due):
            node = chance.choice(self.kafka.nodes)
            self.kafka.kill(node)
            self.due.append((time.monotonic() + chance.uniform(0.5, 4.0), "node", node))
            self.kills["node"] += 1

    def kill_database(self) -> None:
        """End PostgreSQL, and start it again."""
        self.postgres.kill()
        self.postgres.start()
        self.kills["database"] += 1

    def rebalance(self, chance: random.Random) -> None:
        """Let a worker leave the group in order, and another come."""
        number = chance.choice([*self.workers.running])
        self._thaw(self.workers.running[number])
        code = self.workers.terminate(number)
        if code not in (0, -signal.SIGTERM):  # the signal ends one that has not come to take it yet
            self.deaths.append(f"worker {number} ended with {code} when it was asked to")
        self.workers.start(number)
        self.kills["rebalance"] += 1

    def watch(self, *, everything: bool = False) -> None:
        """Bring back what is due, or ``everything``; a worker that has ended by itself is a fault."""
        now = time.monotonic()
        for each in [*self.due]:
            at, _, what = each
            if everything or at <= now:
                self.due.remove(each)
                self._bring_back(what)
        for number, process in self.workers.running.items():
            if (code := process.poll()) is not None:
                self.deaths.append(f"worker {number} ended by itself with {code}")
                self.workers.start(number)

    def stop(self) -> None:
        """End all of it."""
        self.workers.stop()
        self.kafka.stop()
        self.postgres.stop()

    def _bring_back(self, what: Node | subprocess.Popen[bytes]) -> None:
        if isinstance(what, Node):
            self.kafka.run(what)
        else:
            what.send_signal(signal.SIGCONT)

    def _thaw(self, process: subprocess.Popen[bytes]) -> None:
        """Let it go on where it was stopped: one that is to be killed or asked to stop is no longer due."""
        for each in [*self.due]:
            if each[2] is process:
                self.due.remove(each)
        process.send_signal(signal.SIGCONT)
