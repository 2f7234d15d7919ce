"""Reports add up, whatever was counted and pruned, and are written without letting anything out of its cell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.reports.report import LATEST, DetailedReport, Report, SummaryReport, TrendsReport
from services.counter_store.core.reports.tabular import guarded, unguarded
from shared.event_text.load import load_event_texts
from shared.messages import Severity
from tests.support.store_bench import DAY, HOUR, POLICY, StoreBench, bench
from tests.support.store_messages import at

MODELS = {"summary": SummaryReport, "detailed": DetailedReport, "trends": TrendsReport}
TYPES = (("AC_POWER_LOSS", "power", "warning"), ("sensor.vpd", "sensor", "info"), ("X", "odd", "critical"))


def ask(store: StoreBench, kind: str, days: int, **more: str) -> Report:
    """The report over the wire and back."""
    answer = json.loads(json.dumps(store.ask("report", kind=kind, days=days, **more)))
    return MODELS[kind].model_validate(answer)


def fill(store: StoreBench) -> None:
    """A month of three types in three categories."""
    for index, (name, category, severity) in enumerate(TYPES):
        times = [n * DAY + index * HOUR for n in range(0, 30, index + 1)]
        store.tell(*times, until=30 * DAY, type=name, category=category, severity=severity)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 900 * DAY), st.sampled_from(TYPES)), max_size=25),
    st.sampled_from([1, 2, 3, 4, 30, 93, 800]),
    st.floats(0, 900),
    st.booleans(),
)
def test_categories_types_and_timeline_add_up_to_the_total_always(
    told: list[tuple[float, tuple[str, str, str]]], days: int, as_of: float, pruned: bool
) -> None:
    """Over hours, days, weeks and months, at odd edges, with the events gone and the hours put together."""
    with bench() as store:
        for second, (name, category, severity) in told:
            store.tell(second, type=name, category=category, severity=severity)
        store.batch(until=900 * DAY)
        if pruned:
            store.rows("DELETE FROM event")
        span = {"as_of": f"{(at(as_of * DAY)).isoformat()}"}
        for kind in MODELS:
            report = ask(store, kind, days, **span)
            assert report.total_events == sum(one.total_count for one in report.event_categories.values())
            assert report.total_events == sum(one.count for one in report.event_types)
            assert report.total_events == sum(sum(p.by_category.values()) for p in report.timeline.pieces)
            assert report.total_events == sum(piece.total for piece in report.timeline.pieces)
            starts = [piece.start for piece in report.timeline.pieces]
            assert sorted(set(starts)) == starts


@pytest.mark.parametrize(
    ("days", "unit"), [(1, "hour"), (3, "hour"), (4, "day"), (92, "day"), (93, "week"), (800, "month")]
)
def test_a_timeline_is_cut_by_the_length_of_its_time(days: int, unit: str) -> None:
    """Some hundred pieces at most."""
    with bench() as store:
        fill(store)
        assert unit == ask(store, "summary", days).timeline.unit


def test_a_year_is_read_once_for_its_report() -> None:
    """Its counts and its chart come of one reading. The measure is SQLite's own steps, the same on every machine."""
    with bench() as store:
        for device in range(20):
            store.tell(
                *(n * DAY + device * HOUR for n in range(360)),
                until=360 * DAY,
                device=f"d{device}",
                type="sensor.vpd",
                severity="info",
            )
        read = "SELECT series, sum(count), min(first_us), max(last_us) FROM {} GROUP BY series"
        once = steps(store, lambda: [store.rows(read.format(table)) for table in ("hourly", "daily")])
        assert steps(store, lambda: ask(store, "summary", 365)) < 1.5 * once


def steps(store: StoreBench, work: Callable[[], object]) -> int:
    """Return how many hundreds of steps SQLite took for some work."""
    taken = count()
    store.ledger.db.set_progress_handler(lambda: next(taken) < 0, 100)
    work()
    store.ledger.db.set_progress_handler(None, 0)
    return next(taken)


def test_a_summary_as_csv_has_every_type_and_the_total() -> None:
    """Also those that are not among the five most frequent."""
    with bench() as store:
        fill(store)
        report = ask(store, "summary", 31)

    head, *rows = csv.reader(io.StringIO(FORMATS["csv"][1](report)))

    assert ["category", "event_type", "severity", "count"] == head[:4]
    assert ["AC_POWER_LOSS", "sensor.vpd", "X"] == [row[1] for row in rows]
    assert report.total_events == sum(int(row[3]) for row in rows) == 55


def test_trends_as_csv_are_days() -> None:
    """One row a day and type."""
    with bench() as store:
        fill(store)
        report = ask(store, "trends", 31)

    _, *rows = csv.reader(io.StringIO(FORMATS["csv"][1](report)))

    assert 55 == len(rows) == sum(int(count) for *_, count in rows)


def test_a_detailed_csv_has_the_fields_of_the_seed_and_no_holes() -> None:
    """The seed's export failed where a type had no occurrence in the period; here its cells are empty."""
    with bench() as store:
        fill(store)
        store.tell(35 * DAY, until=35 * DAY)
        report = ask(store, "detailed", 1)

    head, *rows = csv.reader(io.StringIO(FORMATS["csv"][1](report)))

    cells = {row[1]: dict(zip(head, row, strict=True)) for row in rows}
    assert {"total_count", "recent_count", "daily_average", "trend", "last_occurrence"} <= set(head)
    assert ("10", "0", "") == tuple(cells["X"][name] for name in ("total_count", "recent_count", "last_occurrence"))


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("each", FORMATS)
def test_the_same_history_gives_the_same_bytes(kind: str, each: str) -> None:
    """In every format."""
    texts = []
    for _ in range(2):
        with bench() as store:
            fill(store)
            texts.append(FORMATS[each][1](ask(store, kind, 30)))  # type: ignore[index]
    assert texts[0] == texts[1]
    assert "AC_POWER_LOSS" in texts[0]


@pytest.mark.parametrize("kind", MODELS)
def test_a_report_of_nothing_is_whole_in_every_format(kind: str) -> None:
    """No division by nothing, no hole."""
    with bench() as store:
        store.batch(until=DAY)
        report = ask(store, kind, 7)
    assert 0 == report.total_events
    assert all(write(report) for _, write in FORMATS.values())


class Tags(HTMLParser):
    """Every tag with its attributes, and whether they close in order."""

    VOID = ("meta", "line", "rect")

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert tag == self.open.pop()


@pytest.mark.parametrize("kind", MODELS)
def test_the_page_needs_nothing_from_anywhere(kind: str) -> None:
    """No script, no link, no image; well nested; a table behind every chart; titles for who cannot see."""
    with bench() as store:
        fill(store)
        page = FORMATS["html"][1](ask(store, kind, 30))

    tags = Tags()
    tags.feed(page)

    assert [] == tags.open
    names = [name for name, _ in tags.tags]
    assert {"script", "link", "img", "iframe", "a", "object"} & set(names) == set()
    assert [] == [attrs for _, attrs in tags.tags if {"src", "href", "onload", "onclick"} & attrs.keys()]
    assert "url(" not in page
    assert "default-src 'none'" in page
    charts = [attrs for name, attrs in tags.tags if name == "svg"]
    assert charts
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in charts)
    assert 2 == names.count("details")


def test_what_is_written_does_not_get_out_of_its_cell() -> None:
    """Names that mean something to HTML, Markdown or a spreadsheet: as they are in no format."""
    with bench() as store:
        fill(store)
        report = ask(store, "detailed", 30)
    bad = "<script>x</script>|=1+1"
    evil = report.model_copy(
        update={
            "site": bad,
            "event_types": tuple(one.model_copy(update={"type": bad}) for one in report.event_types),
            "latest_events": tuple(one.model_copy(update={"text": bad}) for one in report.latest_events),
        }
    )

    assert "<script>" not in FORMATS["html"][1](evil)
    assert "<script>" not in FORMATS["markdown"][1](evil)
    odd = report.model_copy(update={"statistics": {}, "event_types": ()})
    assert FORMATS["csv"][1](odd).startswith("category,event_type")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "\uff1d1"])
def test_a_cell_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    """By an apostrophe."""
    assert f"'{text}" == guarded(text)


@given(st.text())
def test_unguarding_gives_back_what_was_guarded(text: str) -> None:
    """For every text, apostrophes at its beginning included."""
    assert text == unguarded(guarded(text))
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_page_says_how_much_of_each_severity_there_was() -> None:
    """The critical ones of a month, 10 of 55."""
    with bench() as store:
        fill(store)
        report = ask(store, "summary", 31)
    assert 10 == sum(piece.by_severity.get(Severity.CRITICAL, 0) for piece in report.timeline.pieces)
    assert "10 critical" in FORMATS["html"][1](report)


@pytest.mark.parametrize("kind", MODELS)
def test_a_page_of_nothing_says_so_once(kind: str) -> None:
    """And neither shows empty tables and charts nor praises the health of what was never seen."""
    with bench() as store:
        page = FORMATS["html"][1](ask(store, kind, 7, as_of="2026-02-01T00:00:00Z"))
    assert 1 == page.count("No events in this time.")
    assert (0, 0) == (page.count("<svg"), page.count("of 100"))


TEXTS = load_event_texts(Path(__file__).parents[3] / "config", {})


@pytest.mark.parametrize("kind", MODELS)
def test_a_report_says_what_happened_last_in_words(kind: str) -> None:
    """What is more than information and what ended it, newest first; other readings are left out."""
    lost = {"type": "AC_POWER_LOSS", "severity": "warning", "data": {"battery_voltage": 3.46, "state_of_charge": 38}}
    back = {"type": "AC_POWER_RESTORED", "severity": "info", "data": {"outage_s": 75, "battery_voltage": 3.78}}
    with bench(StorePolicy(ended_by=POLICY.ended_by, texts=TEXTS)) as store:
        store.tell(60, **lost)
        store.tell(90, type="sensor.vpd", severity="info")
        store.tell(135, **back)
        store.tell(150, type="X", severity="error", until=200)
        report = ask(store, kind, 1)

    expected = ["X", "Mains back after 1 min 15 s, 3.78 V", "Mains lost: on battery, 3.46 V, 38 %"]
    assert expected == [one.text or one.type for one in report.latest_events]
    assert all(words in FORMATS[form][1](report) for words in expected for form in ("html", "markdown", "json"))


def test_a_report_lists_at_most_the_newest_events() -> None:
    """The table is short, however much happened."""
    with bench() as store:
        store.tell(*range(100), until=200)
        report = ask(store, "summary", 1)
    times = [one.time for one in report.latest_events]

    assert (LATEST, sorted(times, reverse=True), at(99)) == (len(times), times, times[0])


def test_markdown_can_be_read_as_it_stands() -> None:
    """Every row of a table is as wide as its head, and numbers are on the right."""
    with bench() as store:
        fill(store)
        text = FORMATS["markdown"][1](ask(store, "detailed", 30))
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]

    assert len(tables) >= 3
    assert [1] * len(tables) == [len({len(row) for row in table}) for table in tables]
    assert all("-: |" in table[1] for table in tables)


def test_markdown_says_one_event_and_praises_no_health_of_what_was_never_seen() -> None:
    """As the page does."""
    with bench() as store:
        never = FORMATS["markdown"][1](ask(store, "summary", 7, as_of="2026-02-01T00:00:00Z"))
        store.tell(0, until=60)
        once = FORMATS["markdown"][1](ask(store, "summary", 7))

    assert (True, False) == (": 0 events, 0 ever." in never, "Health" in never)
    assert (True, True) == (": 1 event, 1 ever." in once, "Health" in once)


def test_a_csv_has_no_more_places_than_anybody_can_use() -> None:
    """Six after the point."""
    with bench() as store:
        fill(store)
        text = FORMATS["csv"][1](ask(store, "detailed", 30))
    places = [len(cell.partition(".")[2]) for row in csv.reader(io.StringIO(text)) for cell in row if _number(cell)]

    assert places
    assert 6 >= max(places)


def _number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()
