"""Scheduled reports: each period written and published once, by event time, whatever breaks meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from services.counter_store.adapters.reports.files import KEEP, ReportFiles, put
from services.counter_store.application.reporter import Reporter
from services.counter_store.core.reports.schedule import Kind
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.event_counters import ReportingSettings
from shared.ledger import Ledger
from shared.report import ScheduledReport
from tests.support.store_bench import DAY, HOUR, POLICY, StoreBench

ALL: tuple[Kind, ...] = ("daily", "weekly")


class ReportBench(StoreBench):
    """A store that writes reports into a folder."""

    def __init__(self, ledger: Ledger, folder: Path, kinds: tuple[Kind, ...] = ALL) -> None:
        super().__init__(ledger)
        self.folder = folder
        self.reporter = Reporter(ledger, ReportFiles(folder, ("json", "html")), kinds)
        self.store = CounterStore(
            CounterStoreSettings(), ledger, self.outlet, site="home", policy=POLICY, reporter=self.reporter
        )

    def settle(self) -> None:
        """Batches without events, until nothing is due."""
        for _ in range(80):
            self.batch()

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def published(self, kind: Kind) -> ScheduledReport | None:
        found = [each for each in self.outlet.retained.values() if isinstance(each, ScheduledReport)]
        return next((each for each in found if each.kind == kind), None)


@contextmanager
def reports(folder: Path, kinds: tuple[Kind, ...] = ALL, ledger: Path | str = ":memory:") -> Iterator[ReportBench]:
    with closing(Ledger(ledger, LEDGER_SCHEMA)) as opened:
        yield ReportBench(opened, folder, kinds)


def test_a_day_that_is_over_is_written_and_published(tmp_path: Path) -> None:
    """In every format asked for; only what happened in it; 2026-01-01 was a Thursday, so its week ends on the 5th."""
    folder = tmp_path / "reports"
    with reports(folder) as store:
        store.tell(HOUR, 23.9 * HOUR, until=23.95 * HOUR)
        assert [] == store.files
        store.tell(DAY, 1.5 * DAY, until=1.6 * DAY)

        assert ["daily-2026-01-01.html", "daily-2026-01-01.json"] == store.files
        told = store.published("daily")
        assert told is not None
        assert ("2026-01-01", 2, 4) == (told.period, told.total_events, told.all_time_events)
        assert 2 == sum(one.total_count for one in told.event_categories.values())
        assert ("daily-2026-01-01.json", "daily-2026-01-01.html") == told.files
        report = json.loads((folder / "daily-2026-01-01.json").read_text())
        assert ("detailed", 1, 2) == (report["report_type"], report["period_days"], report["total_events"])
        assert store.published("weekly") is None

        store.batch(until=4 * DAY)
        store.settle()
        week = store.published("weekly")
        assert week is not None
        assert ("2026-W01", 4, 7) == (week.period, week.total_events, week.period_days)


def test_before_event_time_is_known_there_is_no_report(tmp_path: Path) -> None:
    """What a service tells of itself now is no time to report by, where a recording of last winter comes in."""
    with reports(tmp_path / "reports", ("daily",)) as store:
        store.tell(HOUR)
        store.tell(300 * DAY, event_type="system.lifecycle.started")
        assert [] == store.files
        store.batch(until=1.6 * DAY)
        assert ["daily-2026-01-01.html", "daily-2026-01-01.json"] == store.files


def test_what_was_missed_while_away_is_made_at_the_next_start_once(tmp_path: Path) -> None:
    """Three days, each with its own count; a further start writes nothing again, and publishes the last again."""
    folder, ledger = tmp_path / "reports", tmp_path / "ledger.sqlite"
    with reports(folder, ("daily",), ledger) as store:
        store.tell(HOUR, until=2 * HOUR)
    with reports(folder, ("daily",), ledger) as store:
        store.events = [*store.events, *[None] * 1]  # type: ignore[list-item]  # ids go on
        store.tell(*(n * DAY + HOUR for n in (1, 2)), until=3.2 * DAY)
        store.settle()
        assert [f"daily-2026-01-0{n}.{end}" for n in (1, 2, 3) for end in ("html", "json")] == store.files
        written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    with reports(folder, ("daily",), ledger) as store:
        store.store.announce()
        store.settle()
        assert written == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
        told = store.published("daily")
        assert told is not None
        assert ("2026-01-03", 1) == (told.period, told.total_events)


def test_a_crash_before_the_commit_writes_the_same_bytes_again(tmp_path: Path) -> None:
    """The mark that it was made is in the batch that was lost."""
    folder, ledger = tmp_path / "reports", tmp_path / "ledger.sqlite"
    with reports(folder, ("daily",), ledger) as store:
        store.tell(HOUR, until=2 * HOUR)
        try:
            with store.ledger.transaction():
                store.store.advance(store.events[0].time.replace(day=2, hour=1))
                store.store.flush()
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            first = {path.name: path.read_bytes() for path in folder.iterdir()}
    with reports(folder, ("daily",), ledger) as store:
        for path in folder.iterdir():
            path.unlink()
        store.batch(until=DAY + HOUR)
        assert first == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_where_nothing_can_be_written_counting_goes_on(tmp_path: Path) -> None:
    """It says so in its figures, and the report comes when it can."""
    folder = tmp_path / "reports"
    folder.write_text("in the way")
    with reports(folder, ("daily",)) as store:
        store.tell(HOUR, until=DAY)
        store.batch(until=DAY + 30)
        assert (1, 1) == (store.store.figures()["reports_unwritten"], store.store.figures()["counted"])

        folder.unlink()
        store.batch(until=DAY + 61)
        assert ["daily-2026-01-01.html", "daily-2026-01-01.json"] == store.files


def test_old_reports_go_and_nothing_else(tmp_path: Path) -> None:
    """The newest of each kind stay, and so does every file that is none of ours."""
    for name in ("daily-2025-01-01.json", "daily-2025-01-01.json.bak", "notes.txt", "weekly-2025-W01.csv"):
        (tmp_path / name).write_text("x")
    with reports(tmp_path, ("daily",)) as store:
        store.tell(*(n * DAY + HOUR for n in range(KEEP["daily"] + 3)), until=HOUR)
        for n in range(KEEP["daily"] + 4):
            store.batch(until=n * DAY)
        store.settle()

    names = sorted(path.name for path in tmp_path.iterdir())
    ours = [name for name in names if name.startswith("daily-2") and name.endswith((".json", ".html"))]
    assert 2 * KEEP["daily"] == len(ours)
    assert "daily-2026-01-04.html" == ours[0]
    assert {"daily-2025-01-01.json.bak", "notes.txt", "weekly-2025-W01.csv"} == set(names) - set(ours)


def test_no_half_of_a_file_is_ever_in_its_place(tmp_path: Path) -> None:
    """What cannot be put there leaves nothing beside it."""
    (tmp_path / "report.html").mkdir()
    try:
        put(tmp_path / "report.html", b"x" * 10)
    except OSError:
        left = [path.name for path in tmp_path.iterdir()]
    assert ["report.html"] == left


def test_data_in_the_folder_of_reports_is_that_of_the_suite() -> None:
    """So that a run with a folder of its own, or a container, writes there; any other path is as it stands."""
    assert Path("/var/x/reports") == ReportingSettings().folder(Path("/var/x"))
    other = ReportingSettings(report_output_directory=Path("/srv/reports"))
    assert Path("/srv/reports") == other.folder(Path("/var/x"))
