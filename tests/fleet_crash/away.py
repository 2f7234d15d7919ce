"""``make fleet-away``: a site whose log is away for fourteen days, and what comes when it is back.

The site is a whole suite at a real Mosquitto, and plays a recording of fourteen days with an outage every other hour.
Kafka is killed before the first event. Once all days are over it is started again; then the uplink sends at its stated
rate, a worker counts, and every count, every hour must be what the site's own store has.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from fleet.simulation.oracle import Expected
from fleet.store import schema
from fleet.store.connection import Connection, connect
from tests.fleet_crash.sites import Edge
from tests.support import postgres
from tests.support.fleet_workers import Workers, until, write_config
from tests.support.kafka import Kafka
from tests.support.live_suite import Live
from tests.support.postgres import Postgres

DAYS, EVERY = 14, timedelta(hours=2)
OUTAGES = DAYS * 12
STEP = timedelta(minutes=1)
DARK = (60, 61, 62)  # minutes of each two hours without mains
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
SITE, TOPIC = "hut-17", "upskeep.site"
PATIENCE_S = 300.0
REST_S = 3.0
PACE, BATCH = 20, 50  # records a second that may leave, of which so many at once
EVENTS = """SELECT count(*) FROM waiting WHERE instr(value, CAST('"kind":"event"' AS BLOB))"""
RECORDS = "SELECT count(*) FROM waiting"
COUNTED = "SELECT count(*) FROM event"
ALERTS = "SELECT site, rule, key, state, time FROM site_alerts"
HOURS = "SELECT site, type, hour, total FROM hourly_counts"


def recording() -> Iterator[str]:
    """Yield the lines of fourteen days, a reading each minute."""
    yield "time,ac_present,battery_voltage\n"
    for minute in range(DAYS * 24 * 60):
        dark = minute % (EVERY // STEP) in DARK
        yield f"{(BEGIN + minute * STEP).isoformat()},{'false' if dark else 'true'},{3.9 if dark else 4.1}\n"


def play(folder: Path, programs: Path) -> str:
    """Run it; returns what came of it in words, and raises AssertionError where a count differs."""
    kafka, server = Kafka(folder / "kafka"), Postgres(programs)
    kafka.start()
    server.start()
    kafka.make_topic(TOPIC, 3)
    kafka.kill(kafka.nodes[0])
    database = server.make("fleet")
    workers = Workers(write_config(folder / "config", kafka.servers, TOPIC, database), folder)
    (folder / "fortnight.csv").write_text("".join(recording()))
    environ = {
        "UPSKEEP_SUITE__SITE": SITE,
        "UPSKEEP_SUITE__UPLINK": "true",
        "UPSKEEP_UPLINK__SERVERS__0": kafka.servers,
        "UPSKEEP_UPLINK__TOPIC": TOPIC,
        "UPSKEEP_UPLINK__RECORDS_PER_SECOND": str(PACE),
        "UPSKEEP_UPLINK__BATCH_RECORDS": str(BATCH),
        "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "100000000",
    }
    (folder / "site").mkdir()
    source = f"recording:{folder / 'fortnight.csv'}"
    live = Live(folder / "site", "--source", source, "--speed", "max", broker="mosquitto", environ=environ)
    edge = Edge(SITE, 0, live)
    try:
        with closing(connect(database)) as made:
            schema.migrate(made)
        live.until(lambda: _over(live), "the fortnight is over", PATIENCE_S)
        _rest(live)
        waiting, pending = live.figure("uplink", EVENTS), live.figure("uplink", RECORDS)
        began = time.monotonic()
        kafka.run(kafka.nodes[0])
        kafka.wait(kafka.nodes[0])
        sends = live.until(lambda: _sends(live, pending), "the uplink sends", PATIENCE_S)
        live.until(lambda: not live.figure("uplink", RECORDS), "nothing waits", PATIENCE_S)
        drained_s, back_s = time.monotonic() - sends, sends - began
        workers.start(1)
        wanted = Expected()
        edge.add_to(wanted)
        with closing(connect(database)) as made:
            until(lambda: _hours(made) == dict(wanted.hours), "every hour is the site's", PATIENCE_S)
            until(lambda: _alerts(made) == wanted.alerts, "every alert is the site's", PATIENCE_S)
            gaps = made.execute("SELECT * FROM gaps").fetchall() + made.execute("SELECT * FROM dead_letters").fetchall()
        assert not gaps, gaps
        rate = (pending - 2 * BATCH) / max(drained_s, 0.001)  # one at once, one until it was seen to have left
        assert rate <= 1.1 * PACE, f"{rate:.0f} records a second left, and {PACE} are the most"
    finally:
        live.stop()
        workers.stop()
        kafka.stop()
        server.stop()
    return (
        f"produced={wanted.events} counted={sum(wanted.hours.values())} lost=0 duplicated=0; {waiting} events among"
        f" {pending} records had waited; the first left {back_s:.1f} s after Kafka was started, the last"
        f" {drained_s:.1f} s later; {PACE} a second are the most"
    )


def _over(live: Live) -> bool:
    """Whether the last outage is over and everything that was counted waits for the log."""
    ended = live.figure("counter_store", "SELECT count(*) FROM event WHERE type = 'AC_POWER_RESTORED'")
    return ended >= OUTAGES and live.figure("uplink", EVENTS) >= live.figure("counter_store", COUNTED)


def _rest(live: Live) -> None:
    """Wait until nothing more comes into the queue: alerts follow their events."""
    before = -1
    while (now := live.figure("uplink", RECORDS)) != before:
        before = now
        time.sleep(REST_S)


def _sends(live: Live, pending: int) -> float:
    return time.monotonic() if live.figure("uplink", RECORDS) < pending else 0.0


def _hours(made: Connection) -> dict[tuple[str, str, datetime], int]:
    return {(s, t, h): n for s, t, h, n in made.execute(HOURS).fetchall()}


def _alerts(made: Connection) -> dict[tuple[str, str, str], tuple[str, datetime]]:
    return {(s, r, k): (state, at) for s, r, k, state, at in made.execute(ALERTS).fetchall()}


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything there; else a new temporary folder.")
def main(folder: Path | None) -> None:
    """Let a site's log be away for fourteen days; fail unless every event is counted once, at the stated pace."""
    programs = postgres.programs()
    if programs is None:
        raise click.ClickException("needs Mosquitto, Java, Kafka's jars (make kafka) and PostgreSQL")
    folder = folder or Path(tempfile.mkdtemp(prefix="upskeep-fleet-away-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        click.echo(play(folder.resolve(), programs))
    except AssertionError as error:
        click.echo(f"{error}\neverything is in {folder}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
