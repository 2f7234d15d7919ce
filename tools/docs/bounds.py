"""The table of bounds in ``docs/security.md``, between its two marks, from the limits that the services enforce."""

from __future__ import annotations

from pathlib import Path

from services.alerter.core.limits import LIMITS as ALERTER
from services.counter_store.application.limits import LIMITS as COUNTER_STORE
from services.event_processor.core.limits import LIMITS as EVENT_PROCESSOR

PAGE = "docs/security.md"
BEGIN, END = "<!-- bounds: written by make docs -->\n", "<!-- end of bounds -->\n"
HEAD = "| service | set | bound | at the bound |\n|---|---|---|---|\n"
OWNERS = {"event_processor": EVENT_PROCESSOR, "counter_store": COUNTER_STORE, "alerter": ALERTER}


def table() -> str:
    """Return the table."""
    rows = [f"| {name} | {each.what} | {each.most:,} | {each.policy} |" for name in OWNERS for each in OWNERS[name]]
    return HEAD + "\n".join(rows) + "\n"


def documents(root: Path) -> dict[str, str]:
    """Return the page with its table as it is to be; raises ValueError where its marks are gone."""
    text = (root / PAGE).read_text(encoding="utf-8")
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{PAGE}: the marks around the table of bounds are gone; they are {BEGIN!r} and {END!r}")
    return {PAGE: f"{before}{BEGIN}\n{table()}\n{END}{after}"}
