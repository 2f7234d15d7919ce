"""The recordings that ``make bench`` plays."""

import csv
import json

import pytest

from tools.bench.kept import KEPT
from tools.bench.loads import EDGE_S, full_room_rows, ups_rows
from tools.bench.throughput import full_room_load, ups_load


@pytest.mark.parametrize("devices", [1, 10])
def test_only_the_first_ups_loses_its_mains(devices):
    """For all but both edges, which are not measured."""
    rows = list(csv.DictReader(ups_rows(100 * devices, devices)))

    out = [row for row in rows if row["ac_present"] == "false"]
    assert {"ups0"} == {row["device"] for row in out}
    assert 100 - 2 * EDGE_S == len(out)
    assert 100 * devices == len(rows)
    assert (100 - 2 * EDGE_S) * devices == ups_load(100 * devices, devices).measured


def test_a_room_has_three_readings():
    """From which four events follow."""
    (row,) = csv.DictReader(full_room_rows(1))
    assert ["time", "air_temperature", "relative_humidity", "co2"] == list(row)
    assert 900 == full_room_load(1000).measured


def test_what_is_kept_is_a_ratio():
    """It is there, and of a version."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert 1 < kept["frame_by_loop"] < 1000
    assert kept["version"]
