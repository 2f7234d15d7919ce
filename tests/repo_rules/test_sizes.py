"""Files and functions stay small enough to be read at one sitting, and names say something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
CODE = ("fleet", "services", "shared", "upskeep")
FILE_LINES, TABLE_LINES, FUNCTION_LINES, MEDIAN_LINES = 400, 600, 60, 10
TABLES = ("services/sensor_reader/core/chips/",)  # mostly rows of data
SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Yield (path from the root, text) of each Python file."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def functions(*folders: str) -> Iterator[tuple[str, int]]:
    """Yield (place, number of lines) of each function, its docstring left out."""
    for path, text in sources(*folders):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, Function):
                yield f"{path}:{node.lineno} {node.name}", _lines(node)


def _lines(node: Function) -> int:
    first = node.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node) else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def test_files_are_short() -> None:
    """At most 400 lines; a file that is mostly a table at most 600."""
    limits = {path: TABLE_LINES if path.startswith(TABLES) else FILE_LINES for path, _ in sources(*CODE, "tests")}
    long = {path: text.count("\n") for path, text in sources(*CODE, "tests") if text.count("\n") > limits[path]}
    assert long == {}


def test_functions_are_short() -> None:
    """At most 60 lines each."""
    assert {place: lines for place, lines in functions(*CODE, "tests") if lines > FUNCTION_LINES} == {}


def test_most_functions_are_very_short() -> None:
    """Half of them have fewer than 10 lines."""
    assert median(lines for _, lines in functions(*CODE)) < MEDIAN_LINES


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    """A module is named for what it is about."""
    assert [path for path, _ in sources(*CODE, "tests") if Path(path).stem in SAY_NOTHING] == []


def test_a_public_class_name_is_used_once_inside_a_service() -> None:
    """A name that stands for two things must be looked up each time; ``shared`` and ``upskeep`` count as one each."""
    found: dict[tuple[str, str], list[str]] = {}
    for path, text in sources(*CODE):
        part = "/".join(path.split("/")[: 2 if path.startswith("services/") else 1])
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault((part, node.name), []).append(path)
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}
