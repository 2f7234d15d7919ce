"""What happens to a whole fleet, as a table, and when it begins at each site: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from fleet.simulation.stories import Variant
from services.sensor_reader.adapters.simulated.scenarios import HEAVY, SCENARIOS
from services.sensor_reader.adapters.simulated.script import Phase, Scenario

BOARDS = ("geekworm_x1201", "waveshare_ups_hat_b")
OUTAGE = SCENARIOS["outage"]
BLIP = replace(OUTAGE, name="blip", phases=(Phase(6), Phase(12, HEAVY), Phase(9)))  # lost, low, restored within 15 s
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class FleetScenario:
    """One round strikes shares of the regions' sites, each within ``spread_s``; the rounds are ``every_s`` apart."""

    name: str
    description: str
    story: Scenario
    regions: tuple[str, ...]
    shares: tuple[float, ...]  # of a region's sites; each region draws one a round
    spread_s: float
    every_s: float
    rounds: int = 1

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The story on each board; sites take them in turn."""
        return tuple(Variant(self.story, board) for board in BOARDS)

    @property
    def lasts_s(self) -> float:
        """How long all rounds take."""
        return self.rounds * self.every_s


FLEET_SCENARIOS = {
    each.name: each
    for each in (
        FleetScenario(
            "regional_outage",
            "all sites of a region lose mains within 15 s and have them back after 12: three events each within 30 s",
            BLIP, ("north",), (1.0,), spread_s=15.0, every_s=60.0,
        ),
        FleetScenario(
            "storm",
            "outages of 75 s go through four regions for hours: none, a few, or a third of a region at once",
            OUTAGE, ("north", "east", "south", "west"), (0.0, 0.03, 0.33), spread_s=120.0, every_s=900.0, rounds=12,
        ),
        FleetScenario(
            "fortnight",
            "fourteen days of a site that has an outage every other hour",
            OUTAGE, ("hut",), (1.0,), spread_s=3000.0, every_s=7200.0, rounds=168,
        ),
    )
}  # fmt: skip


class Playing(NamedTuple):
    """A story that begins at a site; times are µs after the fleet's beginning. Round -1 is the site's first word."""

    start_us: int
    site: str
    round: int
    variant: int


def sites_of(scenario: FleetScenario, sites: int) -> list[str]:
    """Return the names of the sites: a region and a number; the regions have as many each, but for one."""
    regions = scenario.regions
    return [f"{regions[number % len(regions)]}-{number:05d}" for number in range(sites)]


def playings(scenario: FleetScenario, sites: int, seed: int) -> Iterator[Playing]:
    """Yield every story of every site in order of its start; of a site they do not overlap."""
    dice = random.Random(f"{seed} {scenario.name}")  # noqa: S311 - repeatable
    names = sites_of(scenario, sites)
    for site_round in range(scenario.rounds):
        shares = [dice.choice(scenario.shares) for _ in scenario.regions]
        begun = []
        for number, site in enumerate(names):
            if dice.random() < shares[number % len(shares)]:
                at_us = round((site_round * scenario.every_s + dice.random() * scenario.spread_s) * SECOND_US)
                begun.append(Playing(at_us, site, site_round, number % len(scenario.variants)))
        yield from sorted(begun)
