"""``backtest --compare``: two configurations over the same frames, as a user types and reads it."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from shared.messages import Frame
from upskeep.cli import cli
from upskeep.playback.backtest import batches
from upskeep.playback.compare import DifferenceCounts, open_sides, play
from upskeep.playback.settings_diff import Configuration

CONFIG = Path(__file__).parents[4] / "config"
START = datetime(2026, 1, 1, tzinfo=UTC)
LOW = "event_processor.chemistries.li_ion.low.enter_v"
HOURLY = "event_counters.alert_thresholds.AC_POWER_LOSS.hourly"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["backtest", "--config", str(CONFIG), *map(str, arguments)])


def told(*arguments: object) -> tuple[int, Any]:
    done = call("--json", *arguments)
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def outages(tmp_path: Path) -> Path:
    """Two hours, the mains gone for ten seconds every ten minutes but in the last half hour."""
    path = tmp_path / "outages.csv"
    rows = [
        f"{(START + timedelta(seconds=second)).isoformat()},{'false' if _is_out(second) else 'true'}"
        for second in range(0, 7200, 2)
    ]
    path.write_text("\n".join(["time,ac_present", *rows]) + "\n", encoding="utf-8")
    return path


def _is_out(second: int) -> bool:
    return second < 5400 and 300 <= second % 600 < 310


def test_the_same_configuration_tells_the_same(outages: Path) -> None:
    """Exit code 0, and a sentence."""
    done = call(outages, "--compare", CONFIG)

    assert (0, "3,600 rows played, none refused\n") == (done.exit_code, done.stderr)
    assert "no setting that a backtest goes by differs" in done.stdout
    assert "the results are the same: 18 events of 2 types and 2 alerts" in done.stdout


def test_a_change_without_consequence_is_shown_and_ends_with_0(outages: Path) -> None:
    """Settings may differ and events be the same."""
    code, found = told(outages, "--with", f"{LOW}=3.5")

    assert (0, True, []) == (code, found["same"], found["differences"])
    assert [{"file": "event_processor.yaml", "path": LOW.partition(".")[2], "before": 3.6, "after": 3.5}] == found[
        "settings"
    ]


def test_episodes_that_go_are_listed_with_their_alerts(outages: Path) -> None:
    """Ten seconds without mains are no outage to who waits for twenty, but a blip; and no alert."""
    code, found = told(outages, "--with", "event_processor.rules.power.lost_after_s=20", "--all")

    assert (1, 3600) == (code, found["frames"])
    none = {"moved": 0, "changed": 0}
    assert {
        "AC_POWER_LOSS": {"before": 9, "after": 0, "added": 0, "removed": 9, **none},
        "AC_POWER_RESTORED": {"before": 9, "after": 0, "added": 0, "removed": 9, **none},
        "POWER_BLIP": {"before": 0, "after": 9, "added": 9, "removed": 0, **none},
    } == found["events"]
    assert {
        "daily_rate/AC_POWER_LOSS": {"before": 1, "after": 0, "added": 0, "removed": 1, **none},
        "hourly_rate/AC_POWER_LOSS": {"before": 1, "after": 0, "added": 0, "removed": 1, **none},
    } == {name: alert for name, alert in found["alerts"].items() if alert["before"] or alert["after"]}
    assert 29 == len(found["differences"])
    assert sorted(_times(found)) == _times(found)


def _times(found: Any) -> list[str]:
    return [(row["after"] or row["before"])["time"] for row in found["differences"]]


def test_an_alert_that_comes_later_has_moved(outages: Path) -> None:
    """The limit alone is raised: events are the same."""
    code, found = told(outages, "--with", f"{HOURLY}=4")

    assert (1, []) == (code, [name for name, tally in found["events"].items() if not DifferenceCounts(**tally).same])
    assert [("moved", "hourly_rate/AC_POWER_LOSS", 1800.0)] == [
        (row["kind"], row["name"], row["shift_s"]) for row in found["differences"]
    ]


def test_the_list_is_cut_and_says_so(outages: Path, tmp_path: Path) -> None:
    """Forty, unless all are asked for: of 54 events, three rates, and a silence reckoned from the last sample."""
    twice = tmp_path / "again.csv"
    twice.write_text(outages.read_text().replace("2026-01-01", "2026-01-02"))
    change = "event_processor.rules.power.lost_after_s=20"
    short, full = call(outages, twice, "--with", change), call(outages, twice, "--all", "--with", change)

    assert short.stdout.splitlines()[:-1] == full.stdout.splitlines()[: len(short.stdout.splitlines()) - 1]
    assert "… and 18 more: --all shows them" == short.stdout.splitlines()[-1]
    assert 18 == told(outages, twice, "--with", change)[1]["left_out"]


def test_folders_may_be_named_as_a_pair_or_beside_that_of_config(outages: Path, tmp_path: Path) -> None:
    """`--compare A B` and `--config A --compare B` say the same; the other way round is the reverse."""
    other = shutil.copytree(CONFIG, tmp_path / "other")
    text = (other / "event_processor.yaml").read_text()
    (other / "event_processor.yaml").write_text(text.replace("lost_after_s: 2 ", "lost_after_s: 20 "))

    pair, reverse = call(outages, "--compare", CONFIG, other), call(outages, "--compare", other, CONFIG)

    assert (1, call(outages, "--compare", other).stdout) == (pair.exit_code, pair.stdout)
    assert "rules.power.lost_after_s: 2.0 → 20.0" in pair.stdout
    assert "rules.power.lost_after_s: 20.0 → 2.0" in reverse.stdout


def test_a_fault_says_in_which_of_the_two_it_is(outages: Path, tmp_path: Path) -> None:
    """All faults of both, and exit code 2."""
    one, other = (shutil.copytree(CONFIG, tmp_path / name) for name in ("one", "other"))
    (one / "suite.yaml").unlink()
    (other / "event_counters.yaml").write_text("alert_thresholds: {I2C_ERROR: {daily: many}}\n")
    done = call(outages, "--compare", one, other)
    laid = call(outages, "--with", f"{LOW}=3.9")

    assert (2, 2) == (done.exit_code, laid.exit_code)
    assert f"{one}/suite.yaml: no such file" in done.stderr
    assert f"{other}/event_counters.yaml:1: alert_thresholds.I2C_ERROR.daily: " in done.stderr
    assert f"with {LOW}=3.9: {CONFIG}/event_processor.yaml:12: chemistries.li_ion.low: clear_v 3.7 must" in laid.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["FILE", "--compare", "CONFIG", "--out", "x"], "--out and --alerts write the results of one configuration"),
        (["FILE", "CONFIG"], "is a folder; name recordings"),
        (["CONFIG", "--compare", "CONFIG"], "no recording is named"),
        (["FILE", "CONFIG", "CONFIG", "--compare", "CONFIG"], "is a folder; name recordings"),
    ],
)
def test_what_cannot_be_meant_is_refused(outages: Path, arguments: list[str], said: str) -> None:
    """As a fault of the command line."""
    names = {"FILE": outages, "CONFIG": CONFIG}
    done = call(*(names.get(each, each) for each in arguments))

    assert (2, True) == (done.exit_code, said in done.stderr)


def test_frames_that_were_recorded_compare_as_a_table_does(outages: Path, tmp_path: Path) -> None:
    """What ``upskeep record`` writes: a frame a line, with its place in the stream."""
    lines = [row.split(",") for row in outages.read_text().splitlines()[1:]]
    frames = [
        Frame(producer="r", epoch="e", seq=seq, time=time, device="room", values={"ac_present": mains == "true"})
        for seq, (time, mains) in enumerate(lines, 1)
    ]
    recorded = tmp_path / "frames.jsonl"
    recorded.write_text("".join(frame.model_dump_json() + "\n" for frame in frames), encoding="utf-8")
    change = ("--json", "--with", "event_processor.rules.power.lost_after_s=20")

    table, lived = call(outages, *change), call(recorded, *change)

    assert (1, table.stdout) == (lived.exit_code, lived.stdout)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """Every frame makes an event that only one side tells: four times as many frames, no more memory."""

    def peak(frames: int) -> int:
        path = tmp_path / f"{frames}.csv"
        rows = (f"{(START + timedelta(seconds=second)).isoformat()},20" for second in range(frames))
        path.write_text("\n".join(["time,air_temperature", *rows]) + "\n", encoding="utf-8")
        other = Configuration(CONFIG, {}, ("event_processor.rules.readings=null",))
        with ExitStack() as stack:
            sides = open_sides(stack, Configuration(CONFIG, {}), other)
            tracemalloc.start()
            found = play(batches([path]), *sides, [], stack)
            assert frames == found.events["sensor.temperature"].removed == found.kept.total
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(200)
    assert peak(2_000) < peak(500) + 300_000  # a batch on its way; 1,500 events kept would be five times as much


@pytest.mark.recordings
def test_a_real_discharge_is_low_half_an_hour_later_by_a_lower_level(recording: Callable[[str], Path]) -> None:
    """3.5 V for 3.6 V: the same episode, moved."""
    code, found = told(recording("ups_hat_discharge_2021.csv"), "--with", f"{LOW}=3.5")

    assert (1, ["moved"]) == (code, [row["kind"] for row in found["differences"]])
    assert (3.6, 3.5) == tuple(found["differences"][0][side]["data"]["threshold"] for side in ("before", "after"))
