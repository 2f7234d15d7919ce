"""The sites of a run: many simulated ones behind feeders, of which some only read, and real suites with uplinks."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self
from zlib import crc32

from fleet.simulation.oracle import Expected, Share, expected
from fleet.simulation.own_processor import made_of_frames
from fleet.simulation.scenarios import FLEET_SCENARIOS, FleetScenario
from fleet.simulation.streams import Entry, entries, stories_of
from shared.instants import us_to_time
from shared.shipped import SHIPPED_CONFIG
from tests.support.live_suite import Live

RECORDS = 5.0  # of a site and round, about
STORM = replace(FLEET_SCENARIOS["storm"], shares=(0.03, 0.2, 0.6), every_s=600.0)
CYCLE_S = 150
UPLINK = "services.uplink"
WAITING = "SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM latest)"
ENDED = "SELECT count(*) FROM event WHERE type = 'BATTERY_RECOVERED'"


def storm(rounds: int) -> FleetScenario:
    """Return a storm of so many rounds."""
    return replace(STORM, rounds=rounds)


def records_of_round(sites: int, raw_share: float) -> float:
    """Return about how many records a round is: a frame a second of each device, where a site only reads."""
    devices = 2
    frames = devices * STORM.story.lasts_s * sum(STORM.shares) / len(STORM.shares)
    return sites * ((1 - raw_share) * RECORDS + raw_share * frames)


@dataclass
class Simulated:
    """Simulated sites: their records in files, and a process for each file."""

    folder: Path
    servers: str
    topic: str
    rate: float
    timeout_s: float
    wanted: Expected = field(default_factory=Expected)
    of_frames: int = 0  # events that are made at the centre
    first: list[Entry] = field(default_factory=list)
    files: tuple[int, ...] = ()
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def make(
        self, sites: int, raw_share: float, seed: int, rounds: int, begin: datetime, share: Share, feeders: int
    ) -> None:
        """Write the files; ``first`` are the sites' first words, which go before all of them."""
        stories = stories_of(storm(rounds), SHIPPED_CONFIG, {})
        made = [*entries(stories, sites, seed, begin, raw_share)]
        values = [each.value for each in made]
        of_frames = [*made_of_frames(values, lambda _: SHIPPED_CONFIG)]
        self.wanted, self.of_frames = expected([*values, *of_frames], [share]), len(of_frames)
        self.first = made[:sites]
        lines: dict[int, list[bytes]] = {number: [] for number in range(feeders)}
        for each in made[sites:]:
            lines[crc32(each.key) % feeders].append(each.value + b"\n")
        for number in lines:
            (self.folder / f"records{number}").write_bytes(b"".join(lines[number]))
        self.files = (*lines,)

    def begin(self, number: int) -> None:
        """Start the feeder of a file."""
        self.running[number] = self._start(number)

    def kill(self, number: int) -> None:
        """End a feeder as a power cut would, and start it again."""
        process = self.running[number]
        process.kill()
        process.wait()
        self.running[number] = self._start(number)

    def done(self) -> bool:
        """Whether everything is in the log."""
        return all(process.poll() == 0 for process in self.running.values())

    def hurry(self) -> None:
        """Kill each once more, and let it go as fast as it can."""
        self.rate = 10_000.0
        for number in self.running:
            self.kill(number)

    def deaths(self) -> Iterator[str]:
        """Yield which feeders ended by themselves and not at their end."""
        for number, process in self.running.items():
            if process.poll() not in (0, None):
                yield f"feeder {number} ended by itself with {process.returncode}"
                self.running[number] = self._start(number)

    def stop(self) -> None:
        """End all."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        places = [str(self.folder / f"records{number}"), str(self.folder / f"progress{number}")]
        command = [sys.executable, "-m", "tests.fleet_crash.feeder", *places, self.servers, self.topic]
        command += [str(self.rate), str(self.timeout_s)]
        with (self.folder / f"feeder{number}.log").open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=out)


@dataclass
class Edge:
    """A real suite that has outages again and again, and whose uplink is killed."""

    site: str
    cycles: int
    live: Live
    uplink: ClassVar[str] = "true"
    speed: ClassVar[int] = 60  # a cycle of its scenario takes 2.5 s

    @classmethod
    def start(cls, site: str, folder: Path, servers: str, topic: str, seconds: float, timeout_s: float) -> Self:
        """Start it; it has as many outages as fit into ``seconds``."""
        cycles = max(2, int(seconds * cls.speed / CYCLE_S))
        environ = {
            "UPSKEEP_SUITE__SITE": site,
            "UPSKEEP_SUITE__UPLINK": cls.uplink,
            "UPSKEEP_UPLINK__TOPIC": topic,
            "UPSKEEP_UPLINK__TIMEOUT_S": str(timeout_s),
            "UPSKEEP_UPLINK__IDLE_S": "0.1",
            "UPSKEEP_UPLINK__LONGEST_WAIT_S": "1",
            "UPSKEEP_SENSOR_READER__SIMULATION__CYCLES": str(cycles),
            "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "100000000",  # every event is compared
            **{f"UPSKEEP_UPLINK__SERVERS__{n}": server for n, server in enumerate(servers.split(","))},
        }
        folder.mkdir()
        options = ("--source", "sim:outage", "--speed", cls.speed)
        live = Live(folder, *options, broker="embedded", environ=environ)
        live.until(lambda: live.pid(UPLINK), "the uplink runs")
        return cls(site, cycles, live)

    def kill(self) -> None:
        """End its uplink as a power cut would; the runner starts it again."""
        self.live.kill(UPLINK)

    def done(self) -> bool:
        """Whether its last outage is over, counted at the site, and nothing waits for the log."""
        return self.live.figure("counter_store", ENDED) >= self.cycles and not self.live.figure("uplink", WAITING)

    def add_to(self, wanted: Expected) -> None:
        """Add what this site itself has counted, and the last word of each of its alerts."""
        with self._open("counter_store") as db:
            for kind, time_us in db.execute("SELECT type, time_us FROM event"):
                wanted.events += 1
                wanted.counts[self.site, kind] += 1
                hour = us_to_time(time_us).replace(minute=0, second=0, microsecond=0)
                wanted.hours[self.site, kind, hour] += 1
        firing: set[tuple[str, str, str]] = set()
        with self._open("alerter") as db:
            for (text,) in db.execute("SELECT alert FROM transition ORDER BY seq"):
                alert = json.loads(text)
                key = (self.site, alert["rule"], alert["key"])
                fired = alert["state"] != "pending" and (alert["state"] != "resolved" or key in firing)
                (firing.add if alert["state"] in ("firing", "acknowledged") else firing.discard)(key)
                if fired:  # one that waited and never did is no alert
                    wanted.alerts[key] = (alert["state"], datetime.fromisoformat(alert["time"]))
        wanted.sites.add(self.site)

    def _open(self, service: str) -> closing[sqlite3.Connection]:
        path = self.live.data / service / "ledger.sqlite"
        return closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30))
