"""Any file to be imported: events, or a ClientError that names it. Nothing else comes out."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.client.client import ClientError
from shared.messages import Event
from tests.support.payloads import ANYTHING, TEXTS, payloads
from upskeep.transfer.importer import batches, events
from upskeep.transfer.readers import Source, kind_of
from upskeep.transfer.seed import SeedSource

FORMS = st.sampled_from(["json", "jsonl", "csv"])
EVENTS = st.lists(payloads(Event) | ANYTHING, max_size=3)
WHOLE = st.fixed_dictionaries(
    {"upskeep_export": ANYTHING},
    optional={
        "event_history": st.dictionaries(TEXTS, EVENTS | ANYTHING, max_size=2) | ANYTHING,
        "balances": EVENTS | ANYTHING,
        "origin": ANYTHING,
    },
)
SEED = st.fixed_dictionaries(
    {"counters": st.dictionaries(TEXTS, ANYTHING, max_size=2) | ANYTHING},
    optional={
        "last_updated": ANYTHING,
        "event_history": st.dictionaries(TEXTS, st.lists(ANYTHING, max_size=2), max_size=2) | ANYTHING,
    },
)
TABLES = st.lists(st.lists(TEXTS | ANYTHING.map(json.dumps), min_size=2, max_size=2), max_size=3).map(
    lambda rows: "\n".join(["id,data", *(",".join(row) for row in rows)])
)
CONTENTS = st.one_of(
    (EVENTS | WHOLE | SEED | ANYTHING).map(lambda found: json.dumps(found).encode()),
    TABLES.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=40),
)


@given(FORMS, CONTENTS, st.binary(max_size=3))
@settings(max_examples=300)
@example("json", b"[" * 100_000, b"")
@example("json", b'[{"id": ' + b"[" * 100_000, b"")
@example("jsonl", b'{"a":' * 100_000, b"")
@example("csv", b'id,data\n1,"' + b"[" * 100_000 + b'"', b"")
@example("json", b'{"counters": ' + b"[" * 100_000, b"")
def test_any_file_is_events_or_a_refusal(form: str, content: bytes, tail: bytes) -> None:
    """Read, checked and packed as for the store; of JSON also what kind it is."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{form}"
        path.write_bytes(content + tail)
        with suppress(ClientError):
            list(batches(events(Source(path, form))))
        if form == "json":
            with suppress(ClientError):
                kind_of(path)
            with suppress(ClientError):
                list(batches(events(SeedSource(path, "home", UTC, lambda _: ("power", "info")))))
