"""The figures as Markdown: the three numbers of each run always stand together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools.climate.scenarios import IN_BAND_PCT, SWITCHES, Case
from tools.climate.simple_laws import Outcome
from upskeep.simulation.figures import Figures

SHORT, FULL = "short", "full"


def marked(name: str, lines: Iterable[str]) -> str:
    """Return lines between the marks that a page has for them."""
    return "\n".join([f"<!-- {name} -->", *lines, f"<!-- end of {name} -->"])


def replaced(text: str, name: str, lines: Iterable[str]) -> str:
    """Return a page with the lines between its marks replaced."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, _, rest = text.partition(begin)
    return head + marked(name, lines) + rest.partition(end)[2]


def code_mark(digest: str) -> list[str]:
    """Which law and rooms the figures are of; a page does not show it."""
    return [f"<!-- {digest} -->"]


def short_table(rows: Iterable[tuple[str, Figures]]) -> list[str]:
    """One day of some rooms, one seed: what a test works out anew."""
    return [
        "| room | in band | beyond the rails | switches an hour |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {found.in_band_pct:.1f} % | {found.beyond_rails_pct:.1f} % | {_switches(found)} |"
            for name, found in rows
        ),
    ]


def nominal_table(rows: Iterable[tuple[Case, Sequence[Figures]]]) -> list[str]:
    """The worst of the seeds for each number."""
    lines = [
        "| room | in band | beyond the rails | switches an hour, by device | |",
        "|---|---|---|---|---|",
    ]
    for case, found in rows:
        inside, beyond = min(each.in_band_pct for each in found), max(each.beyond_rails_pct for each in found)
        most = {name: max(each.switches_per_hour[name] for each in found) for name in found[0].switches_per_hour}
        reached = inside >= IN_BAND_PCT and beyond == 0 and max(most.values(), default=0) <= SWITCHES
        note = case.reason or case.preset.note
        told = ", ".join(f"{name} {value:.1f}" for name, value in most.items())
        missed = "" if reached else "**missed**: "
        lines.append(f"| `{case.preset.name}` | {inside:.1f} % | {beyond:.1f} % | {told} | {missed}{note} |")
    return lines


def frontier_table(rows: Iterable[tuple[float, Figures]], laws: Iterable[tuple[str, Outcome]]) -> list[str]:
    """How much more time in the band costs in switches."""
    return [
        "| law | in band | beyond the rails | switches an hour |",
        "|---|---|---|---|",
        *(
            f"| {name} | {found.in_band_pct:.1f} % | {found.beyond_rails_pct:.1f} % | {found.switches_per_hour:.1f} |"
            for name, found in laws
        ),
        *(
            f"| look-ahead to ±{reach:.3f} kPa | {found.in_band_pct:.1f} % | {found.beyond_rails_pct:.1f} % |"
            f" {found.busiest:.1f} |"
            for reach, found in rows
        ),
    ]


def _switches(found: Figures) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in found.switches_per_hour.items())
