"""YAML that a person would write: no file whose aliases unfold into millions of values, and none nested without end.

libyaml reads where PyYAML has it, ten times as fast. What it refuses is read again by PyYAML's own loader: faults read
the same on every machine. It would end the process on a document nested 200,000 deep, so the depth is measured first.
"""

from __future__ import annotations

from typing import Any

import yaml

MOST = 100_000  # values, each alias counted as what it stands for
DEEPEST = 40
UNFIT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)  # what PyYAML raises at `!!int ""` and its like


class YamlLimitError(yaml.MarkedYAMLError):
    """A document that is YAML, and more than a configuration can be."""


def _explaining(loader: Any) -> Any:
    """Return a loader that names the line where a value does not fit its tag; PyYAML's own raise whatever comes."""

    def construct_object(self: Any, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return loader.construct_object(self, node, deep)
        except UNFIT as error:
            tag = node.tag.removeprefix("tag:yaml.org,2002:")
            reason = f"a value does not fit its type {tag}: {error}"
            raise yaml.MarkedYAMLError(problem=reason, problem_mark=node.start_mark) from error

    return type(f"Explaining{loader.__name__}", (loader,), {"construct_object": construct_object})


SAFE = _explaining(yaml.SafeLoader)
QUICK = _explaining(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def load_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Return a document as a tree with line numbers and as plain data; raises yaml.YAMLError, also for too much."""
    try:
        return _load(text, QUICK)
    except YamlLimitError:
        raise
    except yaml.YAMLError:
        return _load(text, SAFE)


def _load(text: str, loader: Any) -> tuple[yaml.Node | None, Any]:
    depth = 0
    event: Any
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise YamlLimitError(problem=f"it is nested deeper than {DEEPEST} levels", problem_mark=event.start_mark)
    reader = loader(text)
    try:
        node = reader.get_single_node()
        if node is None:
            return None, None
        _measure(node, {}, ())
        return node, reader.construct_document(node)
    finally:
        reader.dispose()


def _measure(node: yaml.Node, known: dict[int, int], above: tuple[int, ...]) -> int:
    """Return how many values a node unfolds into; each is measured once, so this takes no longer than the text is."""
    if id(node) in above:
        raise YamlLimitError(problem="an alias names a value that it is part of", problem_mark=node.start_mark)
    if len(above) >= DEEPEST:
        raise YamlLimitError(problem=f"it is nested deeper than {DEEPEST} levels", problem_mark=node.start_mark)
    if id(node) not in known:
        below = (*above, id(node))
        known[id(node)] = 1 + sum(_measure(part, known, below) for part in _parts(node))
        if known[id(node)] > MOST:
            raise YamlLimitError(
                problem=f"its aliases unfold into more than {MOST} values", problem_mark=node.start_mark
            )
    return known[id(node)]


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
