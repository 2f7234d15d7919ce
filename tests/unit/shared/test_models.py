"""Models are built when they are first used (ADR 0038). A wrong annotation would show late: here it shows at once."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import services
import shared


def every_module() -> Iterator[str]:
    for package in (shared, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                yield module.name


def below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from below(each)


def test_every_model_can_be_built() -> None:
    """Those of every service, and all that they hold."""
    for name in every_module():
        importlib.import_module(name)
    ours = [model for model in below(BaseModel) if model.__module__.partition(".")[0] in ("shared", "services")]

    assert len(ours) > 200
    for model in ours:
        model.model_rebuild()
        assert model.__pydantic_complete__, model


COUNTED = re.compile(r"\{\d*,?\d{2,}\}")


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if schema.get("type") == "str" and (pattern := schema.get("pattern")) is not None:
            yield pattern if isinstance(pattern, str) else pattern.pattern
        for value in schema.values():
            yield from patterns(value)
    elif isinstance(schema, list | tuple):
        for item in schema:
            yield from patterns(item)


def test_no_pattern_counts_letters() -> None:
    """A length is ``max_length``: counted by a pattern, each field of each model takes up to 2 MB."""
    for name in every_module():
        importlib.import_module(name)
    found = set()
    for model in below(BaseModel):
        if model.__module__.partition(".")[0] in ("shared", "services"):
            model.model_rebuild()
            found |= {*patterns(model.__pydantic_core_schema__)}

    assert len(found) > 5
    assert [] == [pattern for pattern in found if COUNTED.search(pattern)]
    assert COUNTED.search(r"^\w{0,127}$")
    assert COUNTED.search(r"^x{64}$")


def test_a_model_is_not_built_at_import_and_an_annotation_of_nothing_is_found() -> None:
    """What the test above would find."""
    from shared.messages import Message

    class Wrong(Message):
        value: NoSuchType  # type: ignore[name-defined]  # noqa: F821

    assert not Wrong.__pydantic_complete__
    with pytest.raises(NameError):
        Wrong.model_rebuild()
