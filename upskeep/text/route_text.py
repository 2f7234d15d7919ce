"""Where an alert would go, as lines for a terminal: the alerter's answer to the question ``route``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.event_text.values import duration

Answer = Mapping[str, Any]


def is_notified(answer: Answer) -> bool:
    """Whether anybody would be notified now."""
    return any(not step["held_back"] for step in answer["routes"])


def route_lines(answer: Answer) -> Iterator[str]:
    """Yield the way of the alert: its labels, then each receiver with when, or with what holds it back."""
    yield f"an alert with {_pairs(answer['labels'])}"
    if answer["hold_s"]:
        yield f"  fires once its condition has held for {duration(answer['hold_s'])}"
    if not answer["notifies"]:
        yield "  notifies nobody: `notification` is not among the actions of its rule"
    for step in answer["routes"]:
        yield from _step(step)


def _step(step: Answer) -> Iterator[str]:
    where = "the root route" if step["route"] == "0" else f"route {step['route']} ({', '.join(step['matchers'])})"
    when = f"{duration(step['in_s'])} after it fires, then every {duration(step['repeat_s'])} while it lasts"
    yield f"  {step['receiver']}: {'not notified' if step['held_back'] else when}"
    yield f"    by {where}" + (f", grouped by {_pairs(step['group'])}" if step["group"] else "")
    for reason in step["held_back"]:
        yield f"    held back ({reason['reason'].replace('_', ' ')}): {reason['text']}"


def _pairs(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
