"""Everything in one JSON file: events by type, statistics, totals, and what of the totals no events are left of.

Names are those of the seed's export. It is what ``upskeep import`` makes the same counts of in another store.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from upskeep.transfer.rows import PAGE, Ask, Row
from upskeep.transfer.writers import array, beside, sync

MARK = "upskeep_export"
LONG_DAYS = 36_600  # everything ever


def write_whole(path: Path, ask: Ask, inventory: Mapping[str, Any], step: Callable[[], None]) -> int:
    """Write the file; returns how many events are in it. ``step`` is called for each."""
    with beside(path) as part, part.open("w", encoding="utf-8") as out:
        statistics = {one["type"]: one for one in ask("statistics", {})["statistics"]}
        head = {
            MARK: 1,
            "export_timestamp": inventory["as_of"],
            "site": inventory["site"],
            "origin": inventory["origin"],
            "statistics": statistics,
        }
        out.write(json.dumps(head, ensure_ascii=False)[:-1] + ',\n"event_history": {')
        written: Counter[str] = Counter()
        totals = {name: _write_type(out, ask, name, written, step) for name in sorted(statistics)}
        tail = {"counters": totals, "balances": _balances(ask, totals, written, statistics)}
        out.write("\n},\n" + json.dumps(tail, ensure_ascii=False)[1:] + "\n")
        sync(out)
        return written.total()


def _write_type(out: IO[str], ask: Ask, name: str, written: Counter[str], step: Callable[[], None]) -> int:
    """Write a type's events; returns its total as of the very last of them."""
    out.write(("," if written else "") + f"\n{json.dumps(name)}: [")
    written[name] = 0
    write, cursor, total = array(out), None, 0
    while True:
        answer = _page(ask, name, cursor)
        if cursor is not None and not answer["events"]:
            break  # nothing came after the total was published: it is of what was written
        for event in answer["events"]:
            write(event)
            written[name] += 1
            step()
        cursor = answer["last"]
        if answer["cursor"] is None:
            total = _total(ask, name)
            if cursor is None:
                break
    out.write("\n]")
    return total


def _total(ask: Ask, name: str) -> int:
    (counter,) = ask("counters", {"types": [name]})["counters"]
    return int(counter["total"])


def _page(ask: Ask, name: str, cursor: str | None) -> Mapping[str, Any]:
    question = {"types": [name], "order": "oldest", "limit": PAGE}
    answer: Mapping[str, Any] = ask("history", question if cursor is None else {**question, "cursor": cursor})
    return answer


def _balances(
    ask: Ask, totals: Mapping[str, int], written: Mapping[str, int], statistics: Mapping[str, Any]
) -> list[Row]:
    """Return what of each total no events are left of, with the category that most of them had."""
    known: dict[str, Mapping[str, Any]] = {}
    for one in ask("report", {"kind": "summary", "days": LONG_DAYS})["event_types"]:
        known.setdefault(one["type"], one)
    return [
        {
            "type": name,
            "category": known[name]["category"].removesuffix("_EVENTS").lower() if name in known else "unknown",
            "severity": known[name]["severity"] if name in known else "warning",
            "count": total - written[name],
            "at": statistics[name]["first_ever"],
        }
        for name, total in totals.items()
        if total > written[name]
    ]
