"""The example of docs/drivers.md, installed from the page as it stands and run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from services.sensor_reader.adapters.sources.open_source import OpenedSource, Options, open_source
from services.sensor_reader.settings import load
from shared.messages import Frame, Quality
from tests.support.waiting import until
from tests.unit.sensor_reader.test_remote_devices import START

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "drivers.md"
BLOCK = re.compile(r"^```(?:toml|python|yaml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HANGS = """
from threading import Event
Event().wait(60)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the page's files, install the package into a folder of its own, without network, and put it on the path."""
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "config" / "boards.yaml").write_text("boards: {geekworm_x1201: {title: t, cells: 1, chemistry: li_ion,"
        " chips: [{chip: max17043, address: 0x36}]}}")  # fmt: skip
    target = tmp_path / "site"
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--target", target, tmp_path / "acme-ups"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(str(target))
    yield tmp_path
    sys.modules.pop("acme_ups", None)


def opened(folder: Path, **overrides: object) -> OpenedSource:
    """Open the page's configuration, with some keys of the device overridden."""
    path = folder / "config" / "sensor_reader.yaml"
    configured = yaml.safe_load(path.read_text())
    [device] = configured["devices"]
    device |= {"settings": {"file": str(folder / "ups"), "cells": 7}, **overrides}
    path.write_text(yaml.safe_dump(configured))
    return open_source("auto", load(folder / "config", {}), Options(dev=folder), lambda _: None, 0.0)


def next_frame(source: OpenedSource) -> Frame:
    """Run the feed's own clock until there is a frame."""
    frames: list[Frame] = []

    def there() -> bool:
        due = source.feed.next_due()
        frames.extend(item for item in source.feed.poll(due or 0.0, START, 10) if isinstance(item, Frame))
        return bool(frames)

    until(there, "a frame")
    return frames[0]


def answer_with(folder: Path, text: str) -> None:
    """Put the file that the driver reads there in one piece: it may be read at any moment."""
    (folder / "ups.new").write_text(text)
    (folder / "ups.new").replace(folder / "ups")


def frame_with(source: OpenedSource, quality: Quality) -> Frame:
    """Run on until a frame has that quality: the one that was asked for before its time may be read already."""
    frames: list[Frame] = []

    def there() -> bool:
        frames.append(next_frame(source))
        return frames[-1].quality is quality

    until(there, f"a frame that is {quality}")
    return frames[-1]


def test_the_pages_driver_is_read(installed: Path) -> None:
    """As a device among others, chosen in YAML; `auto` takes it for hardware."""
    (installed / "ups").write_text("volts=14.0\nmains=0\n")
    source = opened(installed)
    frame = next_frame(source)
    source.close()

    assert "source auto: reading the hardware: shed (acme_ups) is to be asked" == source.notes[0]
    assert ("shed", "garden", Quality.GOOD) == (frame.device, frame.zone, frame.quality)
    assert {"battery_voltage": 14.0, "cell_voltage": 2.0, "ac_present": False} == frame.values


def test_its_faults_are_reported_as_the_page_says(installed: Path) -> None:
    """No hardware, a doubt, an exception: each its frame, and the next poll goes on."""
    source = opened(installed)
    gone = next_frame(source)
    answer_with(installed, "volts=14.0\n")
    unsure = frame_with(source, Quality.SUSPECT)
    answer_with(installed, "nothing of use\n")
    broken = frame_with(source, Quality.BAD)
    answer_with(installed, "volts=14.0\nmains=1\n")
    frame_with(source, Quality.GOOD)
    source.close()

    assert Quality.BAD is gone.quality
    assert ["nack", "missing", "driver"] == [frame.errors[0].code for frame in (gone, unsure, broken)]
    assert re.search(r"acme_ups failed: ValueError: .* \(.*acme_ups/__init__\.py:\d+\)", broken.errors[0].detail)


def test_wrong_settings_are_reported_at_the_first_poll(installed: Path) -> None:
    """By name."""
    source = opened(installed, settings={"cells": 0})
    frame = next_frame(source)
    source.close()

    assert (
        "acme_ups: its settings are wrong: file: Field required; cells: Input should be greater than or equal to 1"
        == (frame.errors[0].detail)
    )


def test_an_import_that_hangs_is_a_timeout(installed: Path) -> None:
    """The feed answers all the while, and the source can be closed."""
    site = installed / "site"
    (site / "acme_hangs.py").write_text(HANGS)
    [points] = site.glob("acme_ups-*.dist-info/entry_points.txt")
    points.write_text(points.read_text().replace("acme_ups:", "acme_hangs:"))
    source = opened(installed)
    frame = next_frame(source)
    source.close()

    assert [("timeout", "acme_ups", "no answer within 5 s")] == [(e.code, e.chip, e.detail) for e in frame.errors]
