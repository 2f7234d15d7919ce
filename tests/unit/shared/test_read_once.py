"""What a parent has worked out of its settings a forked service has, unless a file or a variable is another."""

from __future__ import annotations

from pathlib import Path

from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.read_once import read_once
from shared.suite import BrokerSettings, SuiteSettings

SUITE = SuiteSettings()


def context(folder: Path, suite: SuiteSettings = SUITE, **environ: str) -> Context:
    return Context(folder, environ, suite, SYSTEM_CLOCK)


def test_the_same_files_and_variables_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text("{}")
    read = read_once(lambda _: object())

    first = read(context(tmp_path, UPSKEEP_SOURCE="sim", TZ="UTC"))
    assert first is read(context(tmp_path, UPSKEEP_SOURCE="sim", TZ="Europe/Vienna"))
    elsewhere = SuiteSettings(broker=BrokerSettings(url="mqtt://elsewhere"), data=tmp_path)
    assert first is read(context(tmp_path, elsewhere, UPSKEEP_SOURCE="sim", UPSKEEP_SPEED="max"))


def test_what_changes_is_read_again(tmp_path: Path) -> None:
    """A file's text, a file more, a variable of ours, the folder, the site."""
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "alerts.yaml").write_text("{}")
    read = read_once(lambda _: object())
    found = [read(context(tmp_path))]

    (tmp_path / "alerts.yaml").write_text("{ }")
    found.append(read(context(tmp_path)))
    (tmp_path / "events.yaml").write_text("{}")
    found.append(read(context(tmp_path)))
    found.append(read(context(tmp_path, UPSKEEP_SOURCE="sim")))
    found.append(read(context(other)))
    found.append(read(context(other, SuiteSettings(site="attic"))))

    assert len(found) == len({id(each) for each in found})


def test_a_file_that_cannot_be_read_is_for_whoever_reads_it(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").mkdir()
    assert read_once(lambda _: 1)(context(tmp_path)) == 1


def test_a_fault_is_found_again(tmp_path: Path) -> None:
    """Nothing is kept of what was raised."""
    calls = []

    def read(_: Context) -> None:
        calls.append(1)
        raise ValueError

    once = read_once(read)
    for _ in range(2):
        try:
            once(context(tmp_path))
        except ValueError:
            continue
    assert [1, 1] == calls
