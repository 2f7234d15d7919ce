"""Values of a YAML text exchanged in place, so that every comment and every other line stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from shared.bounded_yaml import load_yaml

Path = tuple[str | int, ...]
Pair = tuple[yaml.ScalarNode, yaml.Node]


class EditError(ValueError):
    """The text has no such place to edit; says which."""


def with_value(text: str, path: Path, value: str) -> str:
    """Return the text with ``value`` (a scalar or flow YAML) in place of what stands at ``path``; raises EditError."""
    _, node = pair_at(text, path)
    if not isinstance(node, yaml.ScalarNode) and not getattr(node, "flow_style", False):
        raise EditError(f"{_dotted(path)} is spread over several lines")
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def with_pairs(text: str, path: Path, pairs: Sequence[tuple[str, str]]) -> str:
    """Return the text with ``pairs`` in place of the key and value at ``path``, in the style of their mapping."""
    key, node = pair_at(text, path)
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if block:
        raise EditError(f"{_dotted(path)} is spread over several lines")
    mapping = _node(text, path[:-1])
    written = [f"{name}: {value}" for name, value in pairs]
    before, after = text[: key.start_mark.index], text[node.end_mark.index :]
    if getattr(mapping, "flow_style", False):
        return before + ", ".join(written) + after
    comment, newline, rest = after.partition("\n")  # it belongs to the first of the pairs
    further = [" " * key.start_mark.column + each for each in written[1:]]
    return before + "\n".join([written[0] + comment, *further]) + newline + rest


def with_item_before(text: str, path: Path, item: str) -> str:
    """Return the text with the list item ``item`` (flow YAML) on a line of its own before the one at ``path``."""
    node = _node(text, path)
    start = text.rfind("\n", 0, node.start_mark.index) + 1
    before = text[start : node.start_mark.index]
    if before.strip() != "-":
        raise EditError(f"{_dotted(path)} does not begin a line")
    return text[:start] + before + item + "\n" + text[start:]


def pair_at(text: str, path: Path) -> Pair:
    """Return the nodes of the key and the value at ``path``; raises EditError where there are none."""
    mapping = _node(text, path[:-1])
    if isinstance(mapping, yaml.MappingNode):
        for key, value in mapping.value:
            if isinstance(key, yaml.ScalarNode) and key.value == path[-1]:
                return key, value
    raise EditError(f"there is no {_dotted(path)}")


def _node(text: str, path: Path) -> yaml.Node:
    node, _ = load_yaml(text)
    for depth, step in enumerate(path, 1):
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
        if found is None:
            raise EditError(f"there is no {_dotted(path[:depth])}")
        node = found
    if node is None:
        raise EditError("there is nothing")
    return node


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
