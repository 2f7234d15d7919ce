"""The quick loader and PyYAML's own read the same, and neither ends the process."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.bounded_yaml import DEEPEST, QUICK, YamlLimitError, load_yaml

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "config").glob("*.yaml"))
PIECES = st.sampled_from(
    [
        "a: ",
        "b",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "&x ",
        "*x",
        "'",
        '"',
        "|\n",
        "#",
        "<<: ",
        "1",
        "~",
        "\t",
        "é",
    ]
)


def lines(node: yaml.Node | None) -> object:
    """Every node with the line it begins in."""
    if isinstance(node, yaml.MappingNode):
        return node.start_mark.line, [(lines(key), lines(value)) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return node.start_mark.line, [lines(part) for part in node.value]
    return node and (node.start_mark.line, node.tag, node.value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_shipped_file_reads_the_same_by_both_loaders(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    node, data = load_yaml(text)
    assert yaml.safe_load(text) == data
    assert lines(yaml.compose(text, Loader=yaml.SafeLoader)) == lines(node)


@pytest.mark.parametrize("open_", ["[", "{a: ", "- ", "? "])
def test_a_document_nested_without_end_is_refused(open_: str) -> None:
    """200,000 levels ended the process inside libyaml."""
    with pytest.raises(yaml.YAMLError):
        load_yaml(open_ * 200_000)
    with pytest.raises(YamlLimitError, match="deeper"):
        load_yaml("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))


def test_a_fault_reads_as_pyyaml_itself_says_it() -> None:
    with pytest.raises(yaml.MarkedYAMLError) as found:
        load_yaml("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(yaml.MarkedYAMLError) as own:
        yaml.safe_load("a: 1\nb: [1, 2\nc: 3\n")
    assert str(own.value.problem) == str(found.value.problem)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_stands_in_a_file_ends_as_data_or_as_a_fault(text: str) -> None:
    """Where both loaders take a text, they read the same of it."""
    try:
        _, data = load_yaml(text)
    except (yaml.YAMLError, ValueError):
        return
    try:
        own = yaml.safe_load(text)
    except yaml.YAMLError:
        assert QUICK is not yaml.SafeLoader
        return
    assert own == data
