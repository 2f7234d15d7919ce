"""docs/climate.md: the figures that can be worked out in a moment are those on the page, and they clear their bar."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from shared.climate.room_presets import PRESETS
from tools.climate import digest, simple_laws, tables
from tools.climate.__main__ import PAGE, short
from tools.climate.scenarios import IN_BAND_PCT, SWITCHES
from upskeep.simulation.figures import Figures


@pytest.fixture(scope="module")
def figures() -> list[tuple[str, Figures]]:
    """One day of the rooms that a test has time for."""
    with ProcessPoolExecutor(1) as pool:
        return short(pool)


def test_the_figures_on_the_page_are_fresh(figures: list[tuple[str, Figures]]) -> None:
    """Whoever changes the law or the room runs `make climate`."""
    assert tables.marked("short", tables.short_table(figures)) in PAGE.read_text(encoding="utf-8")


def test_the_figures_of_seven_days_are_of_this_law_and_these_rooms() -> None:
    """They take a quarter of an hour: whoever changes what they follow from runs `make climate`."""
    assert tables.marked("code", tables.code_mark(digest.of_page())) in PAGE.read_text(encoding="utf-8")


LAW = '''"""What it does."""
from core import moment
LEAST = 0.1  # kPa
def decide(now: moment.Moment) -> float:
    """Return the level."""
    return max(LEAST, 0.5) if now.vpd > 1 else 0.0
'''


@pytest.mark.parametrize(
    ("was", "becomes", "same"),
    [
        ("# kPa", "# kilopascal", True),
        ("Return the level", "Say the level", True),
        ("LEAST", "SMALLEST", True),
        ("from core import moment", "from core import instant as moment", True),
        ("= 0.1", "= 0.2", False),
        ("> 1", ">= 1", False),
        ("now.vpd", "now.dew", False),
        ("max(", "min(", False),
        ("else 0.0", "else LEAST", False),
    ],
)
def test_only_what_may_change_a_figure_changes_the_digest(was: str, becomes: str, same: bool) -> None:
    """A comment and a name may be changed without a quarter of an hour of computing."""
    assert LAW != (changed := LAW.replace(was, becomes))
    assert same is (digest.digest([LAW]) == digest.digest([changed]))


def test_a_day_clears_the_bar(figures: list[tuple[str, Figures]]) -> None:
    """In the band, never beyond the rails, and few switches; never two opposed devices at once."""
    for _, found in figures:
        assert found.in_band_pct >= IN_BAND_PCT
        assert (0.0, 0.0) == (found.beyond_rails_pct, found.opposed_s)
        assert found.busiest <= SWITCHES


def test_the_law_beats_a_band_in_the_same_room(figures: list[tuple[str, Figures]]) -> None:
    """More time in the band than a band of the same width, and more than a narrower one that switches more."""
    tent = dict(figures)["tent"]
    wide = simple_laws.run(simple_laws.band, PRESETS["tent"], 1.0, 1)
    narrow = simple_laws.run(simple_laws.narrow_band, PRESETS["tent"], 1.0, 1)

    assert tent.in_band_pct > narrow.in_band_pct > wide.in_band_pct
    assert tent.busiest < narrow.switches_per_hour


def test_the_page_has_a_place_for_every_table() -> None:
    """And writing twice changes nothing."""
    page = PAGE.read_text(encoding="utf-8")
    for name in ("code", "nominal", "out of reach", "short", "frontier"):
        once = tables.replaced(page, name, ["| a |"])
        assert once == tables.replaced(once, name, ["| a |"])
        assert f"<!-- {name} -->\n| a |\n<!-- end of {name} -->" in once
    assert (Path(PAGE).parent / "img" / "climate-day.svg").exists()
