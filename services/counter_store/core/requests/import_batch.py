"""What ``command/counter_store/import`` carries: events, and totals that no events are left of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.counter_store.core.requests.questions import Question
from shared.messages import AnyCaseSeverity, Event, Name, Time

Label = Annotated[str, Field(min_length=1, max_length=200)]


class Balance(Question):
    """So many events of a type were counted elsewhere and are not at hand; the first of them at ``at``.

    Less than 2⁴⁰ of them, so that sums stay within 64 bits.
    """

    type: Name
    category: Name
    severity: AnyCaseSeverity
    count: Annotated[int, Field(ge=1, lt=2**40)]
    at: Time


class ImportBatch(Question):
    """Part of an import. ``origin`` names the store or program it was counted by, ``label`` the file, for people.

    Of each origin and type one balance is taken, ever.
    """

    origin: Label
    label: Label
    events: Annotated[tuple[Event, ...], Field(max_length=1000)] = ()
    balances: Annotated[tuple[Balance, ...], Field(max_length=1000)] = ()
