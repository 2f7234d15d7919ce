"""A backup of a suite at full speed, restored elsewhere: it goes on from there, and ends at the same counts."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.support import outages
from tests.support.brokers import EMBEDDED
from tests.support.live_suite import APPLIED, CONFIG, backtest, data_folder, play, upskeep

TIGHT = {"UPSKEEP_SUITE__DELIVERY__WINDOW": "200", "UPSKEEP_SUITE__DELIVERY__BATCH": "50"}
PLACES = {  # producer, consumer, stream: none may know more than its producer has
    ("sensor_reader", "event_processor", "raw"),
    ("sensor_reader", "counter_store", "raw"),
    ("event_processor", "counter_store", "event"),
    ("event_processor", "alerter", "event"),
}


def test_a_backup_under_load_is_of_one_moment_and_goes_on_exactly(tmp_path, live):
    """Every service works while it is made; what is restored from it ends at what the recording comes to."""
    recording, archive = outages.write(tmp_path / "outages.csv"), tmp_path / "upskeep.tar.gz"
    expected = backtest(recording)
    run = live(play, [recording], EMBEDDED, environ=TIGHT)
    run.until(lambda: run.figure("counter_store", f"{APPLIED} WHERE stream = 'raw'") >= 300, "the store is at work")
    made = upskeep("backup", archive, "--config", CONFIG, "--data", run.data)
    assert expected == run.result()
    again = tmp_path / "again"
    again.mkdir()
    put_back = upskeep("restore", archive, "--config", CONFIG, "--data", data_folder(again))

    assert (0, 0) == (made.returncode, put_back.returncode), made.stderr + put_back.stderr
    assert made.stdout.removeprefix(f"{archive}: ").strip() in put_back.stdout
    for producer, consumer, stream in PLACES:
        assert place(again, consumer, APPLIED, stream) <= place(again, producer, "SELECT max(head) FROM stream", stream)
    assert 300 <= place(again, "counter_store", APPLIED, "raw")  # on a fast machine it may be all
    assert expected == live(play, [recording], EMBEDDED, "--data", data_folder(again), environ=TIGHT).result()


def place(folder, service, query, stream):
    column = "stream" if "applied" in query else "name"
    with closing(sqlite3.connect(data_folder(folder) / service / "ledger.sqlite")) as db:
        return db.execute(f"{query} WHERE {column} = ?", (stream,)).fetchone()[0] or 0
