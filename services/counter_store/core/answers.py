"""The base of every answer: a frozen model in which no field is ever missing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.messages import Time


class Answer(BaseModel):
    """Part of an answer. A field without a value is null, never absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Dated(Answer):
    """An answer about the time up to ``as_of``, in event time. Asked again with this ``as_of``, it is the same."""

    as_of: Time
