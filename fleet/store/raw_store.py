"""What is remembered of the sites that only read, read and written inside a batch's transaction.

A site's row in ``sites`` is locked by then, so nobody else has its devices under way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from fleet.core.central import CentralRules, CentralSite, KeptDevice, watches
from fleet.store.arrays import array
from fleet.store.connection import Connection
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.pipeline.token_bucket import Bucket
from shared.jumps import CLOCK_STEP
from shared.site_records import OfferRecord, RawRecord

SOME: LiteralString = """
SELECT d.* FROM unnest(%s::text[], %s::text[]) AS n(site, device) JOIN raw_devices d USING (site, device)"""
WHOLE: LiteralString = "SELECT d.* FROM unnest(%s::text[]) AS n(site) JOIN raw_devices d USING (site)"
COUNTS: LiteralString = """
SELECT n.site, (SELECT count(*) FROM raw_devices d WHERE d.site = n.site) FROM unnest(%s::text[]) AS n(site)"""
OWN: LiteralString = """
SELECT DISTINCT n.site FROM unnest(%s::text[]) AS n(site)
JOIN places p ON p.site = n.site AND p.producer = 'event_processor' AND p.stream = 'event'"""
KEEP: LiteralString = """
INSERT INTO raw_devices (site, device, producer, memory, buckets, said_at, words)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT (site, device) DO UPDATE SET producer = excluded.producer, memory = excluded.memory,
buckets = excluded.buckets, said_at = excluded.said_at, words = excluded.words"""


def own_events(connection: Connection, sites: Iterable[str]) -> frozenset[str]:
    """Return those of the sites that have said events of their own event_processor."""
    return frozenset(site for (site,) in connection.execute(OWN, [array(sorted(sites))]).fetchall())


def load(
    connection: Connection, records: Sequence[RawRecord | OfferRecord], rules: CentralRules, now: datetime
) -> dict[str, CentralSite]:
    """Return the sites of these frames and offers, each with what is kept of the devices that they need."""
    plans = {site: rules.plan_of(site) for site in sorted({record.site for record in records})}
    wanted = {(record.site, device) for record in records if (device := record.message.device)}
    frames = (record for record in records if record.kind == "raw")
    jumped = {record.site for record in frames if CLOCK_STEP in record.message.values}
    whole = sorted({site for site, plan in plans.items() if site in jumped or watches(plan)})
    some = sorted(each for each in wanted if each[0] not in whole)
    found: dict[str, dict[str, KeptDevice]] = {site: {} for site in plans}
    rows: list[tuple[Any, ...]] = []
    if some:
        rows += connection.execute(SOME, [array(column) for column in zip(*some, strict=True)]).fetchall()
    if whole:
        rows += connection.execute(WHOLE, [array(whole)]).fetchall()
    for site, device, producer, memory, buckets, *said in rows:
        found[site][device] = KeptDevice(producer, Memory.from_json(memory), _read_buckets(buckets), *said)
    grown = sorted({site for site, device in wanted if device not in found[site]})
    counts = {site: int(n) for site, n in connection.execute(COUNTS, [array(grown)]).fetchall()} if grown else {}
    latest = now + rules.tolerance
    return {site: CentralSite(plans[site], rules, kept, counts.get(site, 0), latest) for site, kept in found.items()}


def save(connection: Connection, central: Mapping[str, CentralSite]) -> None:
    """Write what is to be kept of every device that a frame has changed."""
    rows = [*_rows(central)]
    if rows:
        connection.execute(KEEP, [array(column) for column in zip(*rows, strict=True)])


def _rows(central: Mapping[str, CentralSite]) -> Iterator[tuple[Any, ...]]:
    for site, processed in sorted(central.items()):
        for device, kept in processed.kept():
            memory, buckets = kept.memory.to_json(), _write_buckets(kept.buckets)
            yield site, device, kept.producer, memory, buckets, kept.said_at, kept.words


def _read_buckets(text: str) -> dict[str, Bucket]:
    return {kind: Bucket(*values) for kind, values in json.loads(text).items()} if text else {}


def _write_buckets(buckets: Mapping[str, Bucket]) -> str:
    values = {kind: [bucket.tokens, bucket.at_us, bucket.skipped] for kind, bucket in buckets.items()}
    return json.dumps(values, separators=(",", ":")) if values else ""
