"""Silences, as in Alertmanager: which alerts notify nobody, until when, who said so and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.alerter.core.matchers import Matcher, all_hold, parse_matcher
from shared.messages import Time


def _parses(text: str) -> str:
    parse_matcher(text)
    return text


class Silence(BaseModel):
    """Every alert whose labels pass all ``matchers`` is silent from ``starts`` and before ``ends``.

    ``lasting``: it was given as a span, not as a time of the clock, so a step of the clock moves its end.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    id: str
    matchers: Annotated[tuple[Annotated[str, AfterValidator(_parses)], ...], Field(min_length=1, max_length=32)]
    starts: Time
    ends: Time
    by: Annotated[str, Field(min_length=1, max_length=200)]
    comment: Annotated[str, Field(min_length=1, max_length=1000)]
    lasting: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Silence:
        if self.ends <= self.starts:
            raise ValueError("ends before it starts")
        if all(matcher.holds("") for matcher in map(parse_matcher, self.matchers)):
            raise ValueError("would silence everything: give at least one matcher that an empty label does not pass")
        return self

    def active(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.starts <= now < self.ends


class Silences:
    """Silences with their matchers parsed, in order of their start."""

    def __init__(self, silences: Iterable[Silence]) -> None:
        self.all = tuple(sorted(silences, key=lambda silence: (silence.starts, silence.id)))
        self._parsed: tuple[tuple[Silence, tuple[Matcher, ...]], ...] = tuple(
            (silence, tuple(map(parse_matcher, silence.matchers))) for silence in self.all
        )

    def over(self, labels: Mapping[str, object], now: datetime) -> str | None:
        """Return the id of the first silence in force over these labels, None if there is none."""
        active = (
            silence.id for silence, matchers in self._parsed if silence.active(now) and all_hold(matchers, labels)
        )
        return next(active, None)
