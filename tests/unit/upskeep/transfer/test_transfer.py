"""Export and import: what goes out in any format and comes in elsewhere makes the same counts, exactly and once."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.client.client import ClientError
from shared.requests import Command
from tests.support.store_bench import DAY, StoreBench, bench
from tests.support.store_messages import event
from upskeep.transfer.importer import BATCH, BATCH_BYTES, Imported, batches, import_file
from upskeep.transfer.kinds import catalogued
from upskeep.transfer.readers import DIGITS, CheckedFile, Source, kind_of
from upskeep.transfer.rows import COLUMNS, SOURCES, Row, as_cells, from_cells
from upskeep.transfer.seed import MOST_BYTES, SeedSource
from upskeep.transfer.whole import write_whole
from upskeep.transfer.writers import WRITERS, beside, write_rows

CONFIG = Path(__file__).parents[4] / "config"
EVIL = {"note": '=cmd|"/c calc"!A1', "lines": "a\r\nb\u2028c", "n": -1, "deep": {"list": [1, 2.5, None, True]}}


class Counter:
    """A store asked and commanded as over the wire: what is said is JSON."""

    def __init__(self, store: StoreBench) -> None:
        self.store = store
        self.commands = 0

    def ask(self, name: str, data: Mapping[str, Any] | None = None) -> Any:
        return json.loads(json.dumps(self.store.ask(name, **json.loads(json.dumps(dict(data or {}))))))

    def command(self, name: str, data: Mapping[str, Any]) -> Any:
        self.commands += 1
        given = Command(id=str(self.commands), target="counter_store", name=name, data=json.loads(json.dumps(data)))
        with self.store.ledger.transaction():
            result = self.store.store.execute(given)
            self.store.store.flush()
        return json.loads(json.dumps(result))

    def take(self, source: Any) -> Imported:
        return import_file(source, self.command, lambda _: None)

    def totals(self) -> dict[str, int]:
        return {one["type"]: one["total"] for one in self.ask("counters")["counters"]}


@pytest.fixture
def stores() -> Iterator[Any]:
    """As many stores as a test wants."""
    with ExitStack() as stack:
        yield lambda: Counter(stack.enter_context(bench()))


def fill(store: Counter, count: int = 700) -> Counter:
    """Events with odd data, of two types."""
    for n in range(1, count + 1):
        kind = {"event_type": "sensor.vpd", "category": "sensor", "severity": "info"} if n % 3 else {}
        more = {"id": "=1+1"} if n == 5 else {}
        store.store.events.append(event(n, n * 60.0, data={**EVIL, "n": n}, **kind, **more))
    store.store.batch(*store.store.events, until=DAY)
    return store


@pytest.mark.parametrize("form", WRITERS)
def test_a_history_comes_through_every_format_unchanged(form: str, stores: Any, tmp_path: Path) -> None:
    """Each event with all its fields; counted once in another store, however often it is imported."""
    here, there = fill(stores()), stores()
    file = tmp_path / f"history.{form}"

    written = write_rows(file, form, "history", SOURCES["history"](here.ask, {}), lambda: None)
    done = [there.take(Source(file, form)) for _ in range(2)]

    assert 700 == written
    assert [(700, 0), (0, 700)] == [(each.new, each.known) for each in done]
    assert here.totals() == there.totals()
    there.store.batch(until=DAY)
    everything = {"limit": 500, "order": "oldest"}
    assert here.ask("history", everything)["events"] == there.ask("history", everything)["events"]
    assert here.ask("report", {"kind": "detailed"}) == there.ask("report", {"kind": "detailed"})


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("what", ["counters", "statistics"])
def test_counters_and_statistics_have_the_same_fields_in_every_format(
    form: str, what: str, stores: Any, tmp_path: Path
) -> None:
    """The seed's JSON and CSV did not."""
    here = fill(stores())
    file = tmp_path / f"x.{form}"
    assert 2 == write_rows(file, form, what, SOURCES[what](here.ask, {}), lambda: None)
    assert list(COLUMNS[what]) == list(_first(file, form))
    assert "AC_POWER_LOSS" == _first(file, form)["type"]


def _first(file: Path, form: str) -> Row:
    if form == "json":
        return dict(json.loads(file.read_text())[0])
    if form == "jsonl":
        return dict(json.loads(file.read_text().splitlines()[0]))
    if form == "csv":
        with file.open(newline="") as opened:
            return dict(next(csv.DictReader(opened)))
    from pyarrow import parquet

    return dict(parquet.read_table(file).to_pylist()[0])


def test_a_spreadsheet_runs_nothing_of_a_csv(stores: Any, tmp_path: Path) -> None:
    """No cell of text begins as a formula does."""
    write_rows(tmp_path / "x.csv", "csv", "history", SOURCES["history"](fill(stores()).ask, {}), lambda: None)
    with (tmp_path / "x.csv").open(newline="") as opened:
        cells = [cell for row in csv.reader(opened) for cell in row]
    assert "'=1+1" in cells
    assert [] == [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_whole_export_makes_the_same_counts_elsewhere(stores: Any, tmp_path: Path) -> None:
    """Totals of events that have left the history included, at the day they began; into itself it adds nothing."""
    here, there = fill(stores()), stores()
    here.store.rows("DELETE FROM event WHERE time_us % 7 < 3")
    left = here.store.rows("SELECT count(*) FROM event")[0][0]
    file = tmp_path / "all.json"

    assert left == write_whole(file, here.ask, here.ask("inventory"), lambda: None)
    assert "whole" == kind_of(file)
    first, again, own = (
        there.take(Source(file, "json")),
        there.take(Source(file, "json")),
        here.take(Source(file, "json")),
    )

    assert {"AC_POWER_LOSS": 233, "sensor.vpd": 467} == here.totals() == there.totals()
    assert (left, 700 - left) == (first.new, sum(first.opened.values()))
    assert (0, {}, 0, {}) == (again.new, again.opened, own.new, own.opened)
    there.store.batch(until=DAY)
    firsts = [one["first_ever"] for one in here.ask("statistics")["statistics"]]
    assert firsts == [one["first_ever"] for one in there.ask("statistics")["statistics"]]
    report = there.ask("report")
    assert 700 == report["all_time_events"] == sum(one["total_count"] for one in report["event_categories"].values())


def test_a_whole_export_has_the_names_of_the_seeds(stores: Any, tmp_path: Path) -> None:
    """What read that file finds its keys."""
    here = fill(stores(), 5)
    write_whole(tmp_path / "all.json", here.ask, here.ask("inventory"), lambda: None)
    found = json.loads((tmp_path / "all.json").read_text())
    assert {"export_timestamp", "counters", "event_history", "statistics"} <= found.keys()
    assert {"AC_POWER_LOSS": 1, "sensor.vpd": 4} == found["counters"]
    assert 4 == len(found["event_history"]["sensor.vpd"])
    assert "trend" in found["statistics"]["sensor.vpd"]


def test_an_event_that_comes_during_the_export_is_in_it_or_in_no_total(stores: Any, tmp_path: Path) -> None:
    """Here one comes right after the page has been read, and before its total."""
    here, there = fill(stores(), 30), stores()
    late = iter([event(1000, 5000.0), event(1001, 5001.0)])

    def ask(name: str, data: Mapping[str, Any] | None = None) -> Any:
        if name == "counters" and (new := next(late, None)) is not None:
            here.store.batch(new)
        return here.ask(name, data)

    write_whole(tmp_path / "all.json", ask, here.ask("inventory"), lambda: None)
    done = there.take(Source(tmp_path / "all.json", "json"))

    assert {} == done.opened
    assert 31 <= done.new == sum(there.totals().values())


def test_an_export_that_is_given_up_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    """Killed or out of room in the middle."""
    file = tmp_path / "history.csv"
    file.write_text("of before")

    def rows() -> Iterator[Row]:
        yield dict.fromkeys(COLUMNS["history"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(file, "csv", "history", rows(), lambda: None)
    assert ["history.csv"] == [path.name for path in tmp_path.iterdir()]
    assert "of before" == file.read_text()
    with pytest.raises(OSError, match="nowhere"), beside(tmp_path / "nowhere" / "x") as part:
        part.write_text("x")


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_memory_does_not_grow_with_the_history(form: str, tmp_path: Path) -> None:
    """Twenty times as many rows, and neither writing nor reading takes more than a few pages' worth more."""
    peaks = []
    for count in (500, 10_000):
        rows = (json.loads(event(n, n).model_dump_json()) for n in range(1, count + 1))
        file = tmp_path / f"{count}.{form}"
        tracemalloc.start()
        write_rows(file, form, "history", rows, lambda: None)
        read = sum(1 for _ in Source(file, form).rows())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == read
    assert peaks[1] < peaks[0] + 300_000


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("x.jsonl", '{"id": "1"}\n', "x.jsonl line 1: type: Field required"),
        ("x.jsonl", "\n{nonsense\n", "x.jsonl line 2 is not JSON: "),
        ("x.jsonl", "[1]\n", "x.jsonl line 1 holds a JSON list; an event is an object"),
        ("x.csv", "id,type,data\n7,X,{\n", "x.csv row 7: "),
        ("x.csv", "type,total_count\nX,7\n", "x.csv holds no events: it has no column id; `upskeep export history`"),
        ("x.csv", "id,type,data\n7,X\n", "x.csv row 7 has not as many cells as the first row; is the file whole?"),
        ("x.csv", "id,type\n7,X,Y\n", "x.csv row 7 has not as many cells as the first row; is the file whole?"),
        ("x.csv", 'id,type,data\n7,X,"{', "x.csv cannot be read: unexpected end of data"),
        ("x.json", "[1, 2]", "x.json event 1 holds a JSON number; an event is an object"),
        ("x.json", '[["a"]]', "x.json event 1 holds a JSON array; an event is an object"),
        ("x.json", '{"upskeep_export": 1, "event_history": {"X": [null]}}', "x.json event 1 holds a JSON null"),
        ("x.json", "\x01", "x.json cannot be read: lexical error: invalid char in json text."),
        ("x.csv", "id,seq\n7,many\n", "x.csv row 7: invalid literal for int"),
        ("x.json", '[{"id": "1"', "x.json cannot be read: "),
        ("x.json", f'[{{"id": {"9" * 5000}}}]', "x.json cannot be read: it holds a number of more than 400 digits"),
        ("x.json", f'{{"counters": {{"A": {"9" * 5000}}}}}', "holds a number of more than 400 digits"),
        ("x.jsonl", '{"a":' * 5000, "x.jsonl line 1 is not JSON: "),
        ("x.json", '{"counters":' + "[" * 5000, "x.json cannot be read: "),
        ("x.json", '{"weather": 1}', "x.json is neither an export of Upskeep nor an event_counters.json"),
        ("x.parquet", "PAR0", "x.parquet cannot be read: "),
        ("x.json", '{"counters": {"A": -1}}', "x.json: counters.A: Input should be greater"),
        ("x.json", '{"counters": {"A": 3}}', "x.json: counters.A: the file has no time; add last_updated"),
    ],
)
def test_a_file_that_is_wrong_is_reported_with_its_place(
    name: str, text: str, complaint: str, stores: Any, tmp_path: Path
) -> None:
    """And nothing of that row is counted."""
    file = tmp_path / name
    file.write_text(text)
    here = stores()
    with pytest.raises(ClientError) as caught:
        here.take(_opened(file))
    assert complaint in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())
    assert {} == here.totals()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(form=st.sampled_from(["json", "jsonl", "csv", "parquet"]), data=st.data())
def test_a_damaged_file_is_a_complaint_and_no_crash(form: str, data: st.DataObject, tmp_path: Path) -> None:
    """Cut short, or with any bytes in it that were not there."""
    file = tmp_path / f"x.{form}"
    write_rows(file, form, "history", (json.loads(event(n, n).model_dump_json()) for n in (1, 2, 3)), lambda: None)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content)))
    content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=6))
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(ClientError):
        import_file(_opened(file), lambda *_: {"new": 0, "known": 0, "opened": {}}, lambda _: None)


def test_an_import_that_ends_early_says_what_it_counted(stores: Any, tmp_path: Path) -> None:
    """And counts the rest, no event twice, when the file has been mended."""
    file = tmp_path / "x.jsonl"
    rows = [event(n, n).model_dump_json() for n in range(BATCH + 2)]
    file.write_text("\n".join([*rows[:-1], "{}"]))
    store = stores()

    with pytest.raises(ClientError, match=rf"line {BATCH + 2}: .*; {BATCH} events were counted before that; "):
        store.take(Source(file, "jsonl"))
    file.write_text("\n".join(rows))

    assert Imported(new=2, known=BATCH) == store.take(Source(file, "jsonl"))


def test_a_number_is_too_long_however_it_is_read(tmp_path: Path) -> None:
    """Also where it begins in one piece of the file and ends in another."""
    file = tmp_path / "x.json"
    file.write_bytes(b"x" * 95 + b"7" * (DIGITS + 1))
    for size in (100, 7, -1):
        with file.open("rb") as opened, pytest.raises(ClientError, match="more than 400 digits"):
            list(iter(partial(CheckedFile(file, opened).read, size), b""))


def test_a_file_that_no_ups_monitor_wrote_is_not_read_into_memory(tmp_path: Path) -> None:
    """It kept a thousand records of a type."""
    file = tmp_path / "x.json"
    with file.open("wb") as out:
        out.write(b'{"counters": {}}')
        out.truncate(MOST_BYTES + 1)
    with pytest.raises(ClientError, match="has 100,000,001 bytes"):
        list(_seed(file).rows())


def _opened(file: Path) -> Any:
    seed = file.suffix == ".json" and kind_of(file) == "seed"
    return _seed(file) if seed else Source(file, file.suffix[1:])


def _seed(file: Path) -> SeedSource:
    return SeedSource(file, "home", UTC, catalogued(CONFIG, {}))


def test_the_seeds_counters_come_exactly_once(stores: Any, tmp_path: Path) -> None:
    """Records become events; what the file no longer holds records of becomes an opening balance, marked."""
    file, here = tmp_path / "event_counters.json", stores()
    records = [
        {"timestamp": f"2026-01-0{n}T10:00:00", "counter_value": 50 + n, "metadata": {"voltage": 3.5}} for n in (1, 2)
    ]
    content = {
        "counters": {"BATTERY_LOW": 52, "THERMAL_SHUTDOWN": 9, "MY_OWN": 1, "NEVER": 0},
        "last_updated": "2026-01-03T00:00:00",
        "event_history": {"BATTERY_LOW": records},
    }
    file.write_text(json.dumps(content))
    assert "seed" == kind_of(file)

    first, again = here.take(_seed(file)), here.take(_seed(file))

    assert (2, {"BATTERY_LOW": 50, "THERMAL_SHUTDOWN": 9, "MY_OWN": 1}) == (first.new, first.opened)
    assert (0, 2, {}) == (again.new, again.known, again.opened)
    assert {"BATTERY_LOW": 52, "THERMAL_SHUTDOWN": 9, "MY_OWN": 1} == here.totals()
    newest = here.ask("history", {})["events"][0]
    assert ("BATTERY_LOW", "battery", "warning", {"voltage": 3.5}, "event_counters.json") == (
        *(newest["type"], newest["category"], newest["severity"], newest["data"]),
        newest["metadata"]["imported"],
    )
    categories = here.ask("report", {"days": 30})["event_categories"]
    assert (52, 9, 1) == tuple(categories[f"{name}_EVENTS"]["total_count"] for name in ("BATTERY", "SAFETY", "OTHER"))

    records.append({"timestamp": "2026-01-09T10:00:00", "counter_value": 53, "metadata": {}})
    content["counters"] = {"BATTERY_LOW": 53, "THERMAL_SHUTDOWN": 9}
    file.write_text(json.dumps(content))
    assert 1 == here.take(_seed(file)).new
    assert 53 == here.totals()["BATTERY_LOW"]


def test_the_seeds_times_are_those_of_the_zone_that_is_named(tmp_path: Path) -> None:
    """They name none themselves."""
    from zoneinfo import ZoneInfo

    file = tmp_path / "event_counters.json"
    history = {"X": [{"timestamp": "2026-01-01T12:00:00", "counter_value": 1}]}
    file.write_text(json.dumps({"counters": {"X": 1}, "event_history": history}))
    ((_, row),) = SeedSource(file, "home", ZoneInfo("America/New_York"), catalogued(CONFIG, {})).rows()
    assert datetime(2026, 1, 1, 17, tzinfo=UTC) == datetime.fromisoformat(row["time"])


def test_batches_are_neither_too_many_nor_too_long() -> None:
    """And together all there is."""
    found = [({"n": n}, BATCH_BYTES // 3 if n % 50 == 0 else 10) for n in range(1000)]
    parts = list(batches(iter(found)))
    assert [row for row, _ in found] == [row for part in parts for row in part]
    assert max(map(len, parts)) <= BATCH
    lengths = {row["n"]: length for row, length in found}
    assert max(sum(lengths[row["n"]] for row in part) for part in parts) <= BATCH_BYTES


def test_a_batch_holds_no_more_values_than_a_command_may(tmp_path: Path) -> None:
    """An event alone never holds as much; one that is beyond an event's own bounds is named."""
    rows = [event(n, n, data={"list": [n] * 3000}).model_dump(mode="json") for n in range(25)]
    parts = list(batches((row, 10) for row in rows))
    assert rows == [row for part in parts for row in part]
    assert [9, 9, 7] == [len(part) for part in parts]
    for part in parts:
        Command(id="1", target="counter_store", name="import", data={"origin": "x", "label": "x", "events": part})

    file = tmp_path / "x.jsonl"
    file.write_text(event(1, 1).model_dump_json().replace('"data":{}', '"data":{"list":' + str([1] * 11_000) + "}"))
    with pytest.raises(ClientError, match=r"line 1: data: Value error, holds more than 10500 values"):
        import_file(Source(file, "jsonl"), lambda *_: {}, lambda _: None)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(), JSON, max_size=4), st.text(min_size=1))
def test_cells_hold_what_was_nested(data: dict[str, Any], identity: str) -> None:
    """As text, and back."""
    row = {"id": identity, "type": "X", "seq": 5, "data": data, "metadata": {}}
    assert row == from_cells({name: str(value) for name, value in as_cells(row).items()})
