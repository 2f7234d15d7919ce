"""The commands that ask, export, import and replay, against a store at work behind real brokers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from shared.suite import SuiteSettings
from tests.integration.counter_store.test_questions import store_at_work
from tests.support.brokers import Broker, free_port
from tests.support.mqtt_probe import MqttProbe
from upskeep.cli import cli

CONFIG = str(Path(__file__).parents[3] / "config")


def call(suite: SuiteSettings, *arguments: Any) -> Result:
    name, *rest = map(str, arguments)
    where = ["--broker", suite.broker.url, "--config", CONFIG]
    return CliRunner().invoke(cli, [name, *where, *rest], env={"COLUMNS": "200"})


def said(suite: SuiteSettings, *arguments: Any) -> Any:
    """What a command that must succeed prints as JSON."""
    done = call(suite, *arguments, "--json")
    assert 0 == done.exit_code, done.output
    return json.loads(done.stdout)


def test_each_command_tells_the_store_s_answer_as_json_and_as_a_table(any_broker: Broker, tmp_path: Path) -> None:
    """What a person reads has what a program reads."""
    with store_at_work(tmp_path / "store", any_broker) as suite:
        (one,) = said(suite, "stats")["statistics"]
        table = call(suite, "stats", "AC_POWER_LOSS").stdout.splitlines()[1].split()
        assert ("AC_POWER_LOSS", str(one["total_count"]), str(one["recent_count"])) == tuple(table[:3])

        health = said(suite, "health")
        assert call(suite, "health").stdout.startswith(f"{health['score']} of 100, {health['grade']}")

        events = said(suite, "history", "--limit", 3, "--type", "AC_POWER_LOSS")
        shown = call(suite, "history", "--limit", 3).stdout.splitlines()
        assert [event["time"][:10] for event in events] == [row.split()[0] for row in shown]
        assert [] == said(suite, "history", "--since", "2100-01-01")
        related = said(suite, "history", "--related", events[0]["id"])
        assert [] == related

        for what in ("anomalies", "failures", "frequency", "performance"):
            assert said(suite, "analyze", what)["as_of"]
            assert 0 == call(suite, "analyze", what).exit_code


def test_a_report_is_printed_or_written_in_every_format(any_broker: Broker, tmp_path: Path) -> None:
    """By its ending; the page is whole."""
    with store_at_work(tmp_path / "store", any_broker) as suite:
        data = said(suite, "report", "trends", "--days", 7)
        for name, sign in (("x.html", "<!doctype html>"), ("x.md", "# home"), ("x.csv", "category,"), ("x.json", "{")):
            done = call(suite, "report", "detailed", "--out", tmp_path / name)
            assert 0 == done.exit_code, done.output
            assert sign in (tmp_path / name).read_text()[:600]
        odd = call(suite, "report", "--out", tmp_path / "x.pdf")
        assert "# home: events of 30 days" in call(suite, "report").stdout

    assert ("trends", 7) == (data["report_type"], data["period_days"])
    assert (2, True) == (odd.exit_code, "say --format" in odd.stderr)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_is_exported_is_imported_by_another_store(form: str, any_broker: Broker, tmp_path: Path) -> None:
    """And adds nothing to the one it came from; a file that is there is not written over."""
    file = tmp_path / f"history.{form}"
    with store_at_work(tmp_path / "store", any_broker) as suite:
        done = call(suite, "export", "history", file)
        assert (0, f"30 events in {file}\n") == (done.exit_code, done.stdout), done.output
        assert {"new": 0, "known": 30, "opened": {}} == said(suite, "import", file)
        again = call(suite, "export", "history", file)
        assert (2, True) == (again.exit_code, "is there already" in again.stderr)
        assert 0 == call(suite, "export", "all", tmp_path / "all.json").exit_code
        assert 0 == call(suite, "export", "statistics", tmp_path / "statistics.csv").exit_code
    with store_at_work(tmp_path / "other", any_broker, days=0) as suite:
        assert {"new": 30, "known": 0, "opened": {}} == said(suite, "import", tmp_path / "all.json")
        assert 30 == said(suite, "stats")["statistics"][0]["total_count"]


@pytest.mark.parametrize("arguments", [("export", "history"), ("export", "all"), ("report", "detailed", "--out")])
def test_what_is_written_goes_where_a_link_leads_or_is_said_not_to(
    arguments: tuple[str, ...], any_broker: Broker, tmp_path: Path
) -> None:
    """The link stays one; a place that cannot be written to is named as it was given, and nothing is left beside it."""
    target, link = tmp_path / "elsewhere" / "target.json", tmp_path / "link.json"
    target.parent.mkdir()
    link.symlink_to(target)
    long = tmp_path / ("x" * 250 + ".json")  # fits into a folder, and what is written beside it does not
    with store_at_work(tmp_path / "store", any_broker) as suite:
        done, refused = call(suite, *arguments, link), call(suite, *arguments, long)

    assert (0, True, True) == (done.exit_code, link.is_symlink(), target.is_file()), done.output
    expected = f"upskeep: {long} cannot be written: File name too long; nothing is changed there\n"
    assert (1, expected) == (refused.exit_code, refused.stderr)
    assert [target] == list(target.parent.iterdir())


def test_a_store_that_has_seen_nothing_says_so(any_broker: Broker, tmp_path: Path) -> None:
    """A type that was never counted is no failure there, either."""
    with store_at_work(tmp_path / "store", any_broker, days=0) as suite:
        stats, history = call(suite, "stats"), call(suite, "history", "--type", "X")

    assert "upskeep: counter_store: nothing has been observed yet, neither events nor readings; ask again later\n" == (
        stats.stderr
    )
    assert (0, "no such events in the history\n") == (history.exit_code, history.stdout)
    assert "X was never counted; `upskeep counters` lists what was\n" == history.stderr


def test_a_replay_is_heard_on_a_root_of_its_own_and_counted_nowhere(any_broker: Broker, tmp_path: Path) -> None:
    """With the ids and times of then, marked, in order; filtered by type; nothing of it on the suite's own topics."""
    with store_at_work(tmp_path / "store", any_broker) as suite, MqttProbe(any_broker.port) as usual:
        with MqttProbe(any_broker.port, suite.replay_topics) as aside:
            before = said(suite, "stats")
            assert {"played": 30, "below": suite.replay_topics.everything()} == said(suite, "replay", "--speed", "max")
            assert 0 == said(suite, "replay", "--speed", "max", "--type", "BATTERY_LOW")["played"]
            aside.until(lambda: len(aside.all("event", "power", "AC_POWER_LOSS")) == 30, "all is heard")
            heard = aside.all("event", "power", "AC_POWER_LOSS")
        events = said(suite, "history", "--oldest-first", "--limit", 50)
        usual.poll(0.2)
        assert before == said(suite, "stats")
        assert [] == usual.all("event", "power", "AC_POWER_LOSS")

    assert [(event["id"], event["time"]) for event in events] == [(event["id"], event["time"]) for event in heard]
    assert all(event["metadata"]["replayed"] is True and "seq" not in event for event in heard)


def test_a_history_is_judged_by_the_engine_as_it_is_now(any_broker: Broker, tmp_path: Path) -> None:
    """Exit code 0 where it agrees, 1 where it does not."""
    with store_at_work(tmp_path / "store", any_broker) as suite:
        verdict = call(suite, "replay", "--verify", "--type", "AC_POWER_LOSS", "--json")
    found = json.loads(verdict.stdout)
    assert 30 == found["compared"]
    assert (verdict.exit_code == 0) == (found["same"] == 30)


@pytest.mark.parametrize(
    "arguments",
    [
        ("stats",),
        ("health",),
        ("history",),
        ("analyze", "failures"),
        ("report",),
        ("replay",),
        ("export", "history", "x.csv"),
    ],
)
def test_where_no_suite_runs_each_command_says_so(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence, with what to do."""
    monkeypatch.setattr("shared.client.connect.CONNECT_S", 0.5)  # nobody will come
    suite = SuiteSettings(broker={"url": f"mqtt://127.0.0.1:{free_port()}"})
    done = call(suite, *arguments)
    assert 1 == done.exit_code
    assert "is the suite running? `make run` starts it" in done.stderr
    assert "Traceback" not in done.output
