"""docs/seeds.md is true: what it names is there, and it leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from shared.event_counters import EventCountersSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "seeds.md").read_text(encoding="utf-8")
SPANS = re.findall(r"`([^`]+)`", TEXT)
TESTS = sorted({span for span in SPANS if "::" in span})
KNOWN = yaml.safe_load((ROOT / "config" / "events.yaml").read_text(encoding="utf-8"))["events"]
PLACES = [ROOT / "tests" / part for part in ("unit", "integration", "")]
TYPE = re.compile(
    r"(?:sensor|device|control|system|vpd|alert|event|emergency|safety)(?:\.[a-z_\d]+)+|[A-Z][A-Z\d]*(?:_[A-Z]+)+"
)


@pytest.mark.parametrize("named", TESTS)
def test_every_test_named_exists(named: str) -> None:
    """In the file that is named, wherever below tests/ that lies."""
    file, _, name = named.partition("::")
    found = [path / file for path in PLACES if (path / file).exists()]

    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in found)


def test_a_test_that_does_not_exist_would_be_found() -> None:
    """So that the test above can fail."""
    with pytest.raises(AssertionError):
        test_every_test_named_exists("event_processor/test_pipeline.py::test_no_such_thing")
    with pytest.raises(AssertionError):
        test_every_test_named_exists("event_processor/no_such_file.py::test_the_stages_stand_in_one_list")


def test_every_event_type_named_is_in_the_catalogue() -> None:
    """Those of both texts."""
    named = {span for span in SPANS if TYPE.fullmatch(span)}

    assert len(named) > 50
    assert set() == named - KNOWN.keys()


@pytest.mark.parametrize(("section", "after", "last"), [("A11", "## B1", 41), ("B4", "## none", 28)])
def test_no_mistake_is_left_out(section: str, after: str, last: int) -> None:
    """All of them, in order, each with a test or the reason why there is none."""
    rows = [
        row.split("|")[1:-1]
        for row in TEXT.partition(f"## {section}")[2].partition(after)[0].splitlines()
        if row[:3] != "|--"
    ]
    numbered = [(int(row[0]), row[2], row[3].strip()) for row in rows if row and row[0].strip().isdecimal()]

    assert list(range(1, last + 1)) == [number for number, _, _ in numbered]
    assert [] == [number for number, here, test in numbered if "::" not in test and "not there" not in here]


def test_every_key_of_the_counters_file_has_its_place() -> None:
    """Those of each section; the thresholds' types are of the user."""
    part = set(re.findall(r"`([^`]+)`", TEXT.partition("## B3")[2].partition("## B4")[0]))
    keys = {name for section in EventCountersSettings.model_fields.values() for name in fields_of(section.annotation)}

    assert {"storage_file", "daily", "trend_analysis_days"} < keys
    assert set() == keys - part


def fields_of(annotation: object) -> set[str]:
    """The keys of a section, or of what stands below each name in it."""
    models = [each for each in (annotation, *get_args(annotation)) if hasattr(each, "model_fields")]
    return {name for model in models for name in model.model_fields}
