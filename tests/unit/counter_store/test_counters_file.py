"""The totals as a file to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.counter_store.adapters.reports.counters_file import CountersFile
from services.counter_store.adapters.reports.files import ReportFiles
from services.counter_store.application.reporter import Reporter
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.client.client import ClientError
from shared.delivery.handler import InMemoryPublisher
from shared.event_counters import CountingSettings
from shared.ledger import Ledger
from tests.support.store_messages import at, event
from upskeep.transfer.readers import kind_of

Batch = tuple[int, float]  # number of the event, 0 for none; second


@dataclass
class Saving:
    """A store with its file."""

    ledger: Ledger
    store: CounterStore

    def batch(self, *batches: Batch) -> None:
        for number, second in batches:
            with self.ledger.transaction():
                if number:
                    self.store.apply(event(number, second))
                self.store.advance(at(second))
                self.store.flush()

    def figures(self) -> tuple[object, object]:
        """How often the file was not written, and how many events are counted."""
        figures = self.store.figures()
        return figures["counters_unwritten"], figures["counted"]


@contextmanager
def saving(path: Path, folder: Path) -> Iterator[Saving]:
    """A store that writes ``path`` every five minutes."""
    with closing(Ledger(folder / "ledger.sqlite", LEDGER_SCHEMA)) as ledger:
        reporter = Reporter(ledger, ReportFiles(folder, ()), (), CountersFile(path, 300, "home"))
        yield Saving(
            ledger, CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home", reporter=reporter)
        )


def totals(path: Path) -> dict[str, int]:
    return dict(json.loads(path.read_text(encoding="utf-8"))["counters"])


def test_it_is_written_by_the_interval(tmp_path: Path) -> None:
    """At once, then every five minutes of event time; ``last_updated`` says as of when."""
    path = tmp_path / "event_counters.json"
    seen = []
    with saving(path, tmp_path) as here:
        for number, second in ((1, 0), (2, 100), (3, 299), (4, 300), (5, 599)):
            here.batch((number, second))
            seen.append(totals(path)["AC_POWER_LOSS"])

    assert [1, 1, 1, 4, 4] == seen
    assert "2026-01-01T00:05:00.000000Z" == json.loads(path.read_text(encoding="utf-8"))["last_updated"]


def test_its_folder_is_made(tmp_path: Path) -> None:
    """The text's own failed at its first saving."""
    path = tmp_path / "not" / "there" / "event_counters.json"
    with saving(path, tmp_path) as here:
        here.batch((1, 0))

    assert {"AC_POWER_LOSS": 1} == totals(path)


def test_it_is_left_alone_while_nothing_changes(tmp_path: Path) -> None:
    """A memory card is not written for nothing; a start writes it anew."""
    path = tmp_path / "event_counters.json"
    with saving(path, tmp_path) as here:
        here.batch((1, 0))
        path.unlink()
        here.batch((0, 1000))

        assert not path.exists()
    with saving(path, tmp_path) as here:
        here.batch((0, 1001))

    assert {"AC_POWER_LOSS": 1} == totals(path)


def test_a_file_of_another_program_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The UPS Monitor's own counts may stand at that place; it is said what to do, and counting goes on."""
    path = tmp_path / "event_counters.json"
    path.write_text('{"counters": {"AC_POWER_LOSS": 7}}', encoding="utf-8")
    with saving(path, tmp_path) as here:
        here.batch((1, 0), (2, 400))

        assert (2, 2) == here.figures()
    assert {"AC_POWER_LOSS": 7} == totals(path)
    assert "Count it with `upskeep import`, then move it away" in caplog.text


def test_where_it_cannot_be_written_counting_goes_on(tmp_path: Path) -> None:
    """Its folder is a file."""
    (tmp_path / "data").write_text("", encoding="utf-8")
    with saving(tmp_path / "data" / "x.json", tmp_path) as here:
        here.batch((1, 0))

        assert (1, 1) == here.figures()


def test_it_is_no_import(tmp_path: Path) -> None:
    """It has no events: imported, it would count everything twice."""
    path = tmp_path / "event_counters.json"
    with saving(path, tmp_path) as here:
        here.batch((1, 0))

    with pytest.raises(ClientError, match="holds totals to look at"):
        kind_of(path)


def test_the_settings_say_where_and_whether() -> None:
    """``data/`` is the suite's data folder; null is no file."""
    found = [CountingSettings(storage_file=name).file(Path("/kept")) for name in ("data/c.json", "/else/c.json", None)]

    assert [Path("/kept/c.json"), Path("/else/c.json"), None] == found
