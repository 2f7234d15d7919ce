"""What the data of requests and commands is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.alerter.core.matchers import parse_matcher


def _matcher(text: str) -> str:
    parse_matcher(text)
    return text


Matchers = Annotated[tuple[Annotated[str, AfterValidator(_matcher)], ...], Field(max_length=32)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Parameters(BaseModel):
    """Base of all of them: a key that is not known is a slip, and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
