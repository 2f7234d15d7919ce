"""The pipeline's state in the ledger: each table is written by the row, in the transaction of the batch.

``bucket``: rate limits. ``event_ref``: the newest events, for their relations. ``pattern_group``: the groups of
patterns.
"""

from __future__ import annotations

from collections import OrderedDict

from services.event_processor.core.correlation.correlator import CompiledPatterns, Correlator
from services.event_processor.core.correlation.group_json import group_from_json, group_to_json
from services.event_processor.core.correlation.related import ROOM, EventRef
from services.event_processor.core.pipeline.event_context import Pipeline
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.core.pipeline.ports import SeenIds
from services.event_processor.core.pipeline.token_bucket import Bucket
from shared.ledger import Ledger
from shared.limits import LimitReports

SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (
    type TEXT NOT NULL, source TEXT NOT NULL, tokens REAL NOT NULL, at_us INTEGER NOT NULL, skipped INTEGER NOT NULL,
    PRIMARY KEY (type, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event_ref (
    place INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, id TEXT NOT NULL, device TEXT, zone TEXT);
CREATE TABLE IF NOT EXISTS pattern_group (
    pattern TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, touched INTEGER NOT NULL,
    PRIMARY KEY (pattern, key)) WITHOUT ROWID;
"""


class PipelineTables:
    """The pipeline's tables. All writes belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db

    def load(self, plan: PipelinePlan, seen: SeenIds, limits: LimitReports) -> Pipeline:
        """Return the pipeline with its stored state."""
        buckets = OrderedDict(
            ((str(kind), str(source)), Bucket(tokens, at_us, skipped))
            for kind, source, tokens, at_us, skipped in self._db.execute("SELECT * FROM bucket ORDER BY at_us")
        )
        return Pipeline(plan, self._correlator(plan.patterns, limits), buckets, seen)

    def _correlator(self, patterns: CompiledPatterns, limits: LimitReports) -> Correlator:
        sights = self._db.execute("SELECT time_us, id, device, zone FROM event_ref ORDER BY place")
        groups = self._db.execute("SELECT pattern, key, content FROM pattern_group ORDER BY touched")
        return Correlator(
            patterns,
            (((str(pattern), str(key)), group_from_json(content)) for pattern, key, content in groups),
            (EventRef(*row) for row in sights),
            limits,
        )

    def save(self, pipeline: Pipeline) -> None:
        """Write what this batch has changed."""
        if pipeline.drawn:
            self._save_buckets(pipeline)
        correlator = pipeline.correlator
        if correlator.shifted or correlator.fresh:
            self._save_sights(correlator)
        if correlator.touched:
            self._save_groups(correlator)

    def _save_buckets(self, pipeline: Pipeline) -> None:
        rows = [(*key, *_bucket(pipeline.buckets[key])) for key in pipeline.drawn if key in pipeline.buckets]
        self._db.executemany("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?, ?)", rows)
        gone = [key for key in pipeline.drawn if key not in pipeline.buckets]
        self._db.executemany("DELETE FROM bucket WHERE type = ? AND source = ?", gone)
        pipeline.drawn.clear()

    def _save_sights(self, correlator: Correlator) -> None:
        if correlator.shifted:
            self._db.execute("DELETE FROM event_ref")
        fresh = correlator.recent.sights if correlator.shifted else correlator.fresh
        rows = [(each.time_us, each.id, each.device, each.zone) for each in fresh]
        self._db.executemany("INSERT INTO event_ref (time_us, id, device, zone) VALUES (?, ?, ?, ?)", rows)
        self._db.execute("DELETE FROM event_ref WHERE place <= (SELECT max(place) FROM event_ref) - ?", (ROOM,))
        correlator.fresh.clear()
        correlator.shifted = False

    def _save_groups(self, correlator: Correlator) -> None:
        (touched,) = self._db.execute("SELECT coalesce(max(touched), 0) + 1 FROM pattern_group").fetchone()
        rows = [
            (*place, group_to_json(correlator.groups[place]), touched)
            for place in sorted(correlator.touched)
            if place in correlator.groups
        ]
        self._db.executemany("INSERT OR REPLACE INTO pattern_group VALUES (?, ?, ?, ?)", rows)
        gone = [place for place in correlator.touched if place not in correlator.groups]
        self._db.executemany("DELETE FROM pattern_group WHERE pattern = ? AND key = ?", gone)
        correlator.touched.clear()


def _bucket(bucket: Bucket) -> tuple[float, int, int]:
    return bucket.tokens, bucket.at_us, bucket.skipped
